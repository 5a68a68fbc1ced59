import { epochOrder } from "../data/batch.ts";
import { Gatherer } from "../training/gather.ts";
import { augmentFor } from "./augment-for.ts";
import type { Machine } from "./machine.ts";
import type { SheetPhoto } from "./pictures.ts";
import type { TrainOptions } from "./train-options.ts";
import type { TrainingData } from "./training-data.ts";

/** At most `most` photos of the first batch, as training will see them: varied, each under the class that it then has more of. */
export async function firstBatch(
  machine: Machine,
  { options, data }: { readonly options: TrainOptions; readonly data: TrainingData },
  most: number,
): Promise<SheetPhoto[]> {
  const { parts, classNames, preprocessing } = data;
  const augment = augmentFor(options, preprocessing, machine);
  const { batchSize, seed } = options;
  const taken = augment ? batchSize : Math.min(batchSize, most); // photos of a batch may be mixed
  const indices = epochOrder(parts.train.length, seed, 0).slice(0, taken);
  const gatherer = new Gatherer({ items: parts.train, outputs: classNames.length });
  const { length } = parts.train[indices[0]].image;
  const fetched = await gatherer.withStandIns(indices);
  const batch = await gatherer.layInto(new Float32Array(taken * length), fetched, true);
  await augment?.(batch, { epoch: 0, batch: 0, indices });
  return batch.indices.slice(0, most).map((index, row) => ({
    image: batch.images.subarray(row * length, (row + 1) * length),
    className: classNames[batch.classes[row]],
    fileName: machine.baseName(parts.train[index].sample.path),
  }));
}
