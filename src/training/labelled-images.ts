import type { PreparedImage } from "../data/prepare.ts";

/** Images in memory with their classes. */
export interface LabelledImages {
  readonly items: readonly { readonly image: PreparedImage; readonly classIndex: number }[];
  /** Outputs of the model: 1 for two classes, otherwise one for each. */
  readonly outputs: number;
}

export interface Batch {
  /** [batch, height, width, channels] */
  readonly images: Float32Array;
  /** [batch, outputs]: 0 or 1, or one-hot. */
  readonly labels: Float32Array;
  readonly classes: number[];
}

/** Gathers the images with these indices into a batch. */
export type Gather = (images: LabelledImages, indices: readonly number[]) => Batch;

/**
 * Makes a `Gather` with room for one batch of this size, which is good until the next is asked for. A second room, to gather
 * one batch while the one before it is at work, won nothing that could be measured: the copying takes its time from the step.
 */
export function createGather(batchSize: number): Gather {
  let room: Float32Array | undefined;
  return ({ items, outputs }, indices) => {
    const imageLength = items[indices[0]].image.length;
    room ??= new Float32Array(batchSize * imageLength);
    const images = room.subarray(0, indices.length * imageLength);
    indices.forEach((index, row) => {
      items[index].image.copyTo(images.subarray(row * imageLength, (row + 1) * imageLength));
    });
    const classes = indices.map((index) => items[index].classIndex);
    return { images, labels: encodeLabels(classes, outputs), classes };
  };
}

/** [batch, 1] of 0 and 1, or one-hot [batch, outputs]. */
export function encodeLabels(classes: readonly number[], outputs: number): Float32Array {
  if (outputs === 1) return Float32Array.from(classes);
  const labels = new Float32Array(classes.length * outputs);
  classes.forEach((index, row) => {
    labels[row * outputs + index] = 1;
  });
  return labels;
}
