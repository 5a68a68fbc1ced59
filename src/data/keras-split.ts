import { InputError } from "../util/errors.ts";
import { MersenneTwister } from "../util/mersenne-twister.ts";
import type { FileRule } from "./file-tree.ts";
import type { PartName } from "./parts.ts";

/** The largest seed that NumPy's `RandomState` takes. */
const LARGEST_SEED = 0xffffffff;

/** Extensions that `image_dataset_from_directory` reads, in Keras 3.15. */
const extensions = /\.(?:bmp|gif|jpeg|jpg|png)$/i;

/** The files that `image_dataset_from_directory` lists: by the ends of their names, hidden ones and links that lead nowhere too. */
export const kerasFiles: FileRule = {
  sees: () => true,
  takes: ({ name, kind, link }) => extensions.test(name) && (kind === "file" || link === true),
};

/**
 * The parts of `image_dataset_from_directory(folder, validation_split=…, seed=…, subset="training" or "validation")`, of files in the
 * order in which it lists them: shuffled by NumPy's `RandomState(seed).shuffle`, the last for validation. Nothing is stratified,
 * copies may fall on two sides, and there is no test part.
 *
 * @throws InputError `split.bad-seed`, `data.too-few-images`
 */
export function kerasSplit(count: number, validationSplit: number, seed: number): PartName[] {
  if (seed > LARGEST_SEED) {
    throw new InputError(
      "split.bad-seed",
      `Expected a seed of at most ${LARGEST_SEED} for --split keras, as NumPy takes it, found ${seed}`,
    );
  }
  const validation = Math.floor(validationSplit * count);
  if (validation === 0) {
    throw new InputError(
      "data.too-few-images",
      `Expected enough images for a validation part of ${validationSplit} of them, found ${count}`,
    );
  }
  const parts = new Array<PartName>(count).fill("train");
  for (const index of shuffledIndices(count, seed).subarray(count - validation)) parts[index] = "validation";
  return parts;
}

function shuffledIndices(count: number, seed: number): Int32Array {
  const random = new MersenneTwister(seed);
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i > 0; i--) {
    const j = random.nextAtMost(i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
