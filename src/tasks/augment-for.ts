import { type AugmentBatch, createAugment } from "../data/augment/augment-batch.ts";
import { parseAugmentations } from "../data/augment/parse.ts";
import type { Platform } from "../data/platform.ts";
import { channelsOf, type Preprocessing, valueRangeOf } from "../data/preprocessing.ts";
import type { TrainOptions } from "./train-options.ts";

/** What varies the photos that are learned from, if anything. */
export function augmentFor(
  { augment, seed }: Pick<TrainOptions, "augment" | "seed">,
  preprocessing: Preprocessing,
  { changeImages }: Pick<Platform, "changeImages">,
): AugmentBatch | undefined {
  const { height, width } = preprocessing;
  const kind = {
    height,
    width,
    channels: channelsOf(preprocessing),
    valueRange: valueRangeOf(preprocessing),
  };
  return createAugment(parseAugmentations(augment), kind, seed, changeImages);
}
