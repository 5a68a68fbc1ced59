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
export type AugmentBatch = (batch: AugmentableBatch, position: BatchPosition) => Promise<void>;

/** Changes images in place: [images, height, width, channels], and for each what happens to it, one after the other. */
export type ChangeImages = (
  images: Float32Array,
  kind: ImageKind,
  changes: readonly (readonly Change[])[],
) => Promise<void>;

/**
 * Puts augmentations together, those of single images first, each kind in its order. What happens to an image follows from the seed, the epoch
 * and which image it is, and from nothing else; which images are mixed, from the batch.
 */
export function createAugment(
  augmentations: readonly Augmentation[],
  kind: ImageKind,
  seed: number,
  changeImages: ChangeImages = changeOneByOne,
): AugmentBatch | undefined {
  if (augmentations.length === 0) return undefined;
  const single = augmentations.filter((augmentation) => augmentation.kind === "image");
  const mixing = augmentations.filter((augmentation) => augmentation.kind === "batch");
  return async (batch, { epoch, batch: number, indices }) => {
    const changes = indices.map((index) => {
      const random = new RandomStream(seed, "augment", epoch, index);
      return single.flatMap(({ draw }) => draw(random, kind));
    });
    await changeImages(batch.images, kind, changes);
    mixing.forEach((augmentation, order) => {
      mixBatch(augmentation, new RandomStream(seed, `mix ${order}`, epoch, number), kind, batch);
    });
  };
}

/** The definition, and the slow way. */
export const changeOneByOne: ChangeImages = async (images, { height, width, channels }, changes) => {
  const spare = new Float32Array(height * width * channels);
  changes.forEach((each, row) => {
    changeInPlace(imageAt(images, row, spare.length), each, spare);
  });
};

function imageAt(images: Float32Array, row: number, length: number): Float32Array {
  return images.subarray(row * length, (row + 1) * length);
}

function changeInPlace(image: Float32Array, changes: readonly Change[], spare: Float32Array): void {
  let [from, to] = [image, spare];
  for (const { apply } of changes) {
    apply(from, to);
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
