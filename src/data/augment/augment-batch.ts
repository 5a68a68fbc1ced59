import { RandomStream } from "../../util/random.ts";
import type { Augmentation, BatchAugmentation, Change, ImageKind } from "./augmentation.ts";

/** A batch that is changed in place. */
export interface AugmentableBatch {
  /** [batch, height, width, channels] */
  readonly images: Float32Array;
  /** [batch, outputs]: 0 or 1; those of mixed images lie between. */
  readonly labels: Float32Array;
  /** Class of each image; of a mixed one, the one that has more of it. */
  readonly classes: number[];
}

/** Which images these are. */
export interface BatchPosition {
  /** From 0. */
  readonly epoch: number;
  /** Of the batch in its epoch, from 0. */
  readonly batch: number;
  /** Of each image among those that are trained on. */
  readonly indices: readonly number[];
}

/** Changes a batch before it is learned from. */
export type AugmentBatch = (batch: AugmentableBatch, position: BatchPosition) => void;

/**
 * Puts augmentations together, those of single images first, each kind in its order. What happens to an image follows from the seed, the epoch
 * and which image it is, and from nothing else; which images are mixed, from the batch.
 */
export function createAugment(
  augmentations: readonly Augmentation[],
  kind: ImageKind,
  seed: number,
): AugmentBatch | undefined {
  if (augmentations.length === 0) return undefined;
  const spare = new Float32Array(kind.height * kind.width * kind.channels);
  const single = augmentations.filter((augmentation) => augmentation.kind === "image");
  const mixing = augmentations.filter((augmentation) => augmentation.kind === "batch");
  return (batch, { epoch, batch: number, indices }) => {
    indices.forEach((index, row) => {
      const random = new RandomStream(seed, "augment", epoch, index);
      const changes = single.flatMap(({ draw }) => draw(random, kind));
      changeInPlace(imageAt(batch.images, row, spare.length), changes, spare);
    });
    mixing.forEach((augmentation, order) => {
      mixBatch(augmentation, new RandomStream(seed, `mix ${order}`, epoch, number), kind, batch);
    });
  };
}

function imageAt(images: Float32Array, row: number, length: number): Float32Array {
  return images.subarray(row * length, (row + 1) * length);
}

function changeInPlace(image: Float32Array, changes: readonly Change[], spare: Float32Array): void {
  let [from, to] = [image, spare];
  for (const change of changes) {
    change(from, to);
    [from, to] = [to, from];
  }
  if (from !== image) image.set(from);
}

function mixBatch(
  augmentation: BatchAugmentation,
  random: RandomStream,
  kind: ImageKind,
  { images, labels, classes }: AugmentableBatch,
): void {
  const before = { images: images.slice(), labels: labels.slice(), classes: [...classes] };
  const [length, outputs] = [images.length / classes.length, labels.length / classes.length];
  const { partners, weights, mix } = augmentation.draw(random, kind, classes.length);
  partners.forEach((partner, row) => {
    const weight = weights[row];
    mix(
      row,
      imageAt(before.images, row, length),
      imageAt(before.images, partner, length),
      imageAt(images, row, length),
    );
    for (let output = 0; output < outputs; output++) {
      const [own, other] = [before.labels[row * outputs + output], before.labels[partner * outputs + output]];
      labels[row * outputs + output] = weight * own + (1 - weight) * other;
    }
    if (weight < 0.5) classes[row] = before.classes[partner];
  });
}
