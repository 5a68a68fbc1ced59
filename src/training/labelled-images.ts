import type { PreparedImage } from "../data/prepare.ts";

/** Images with their classes. */
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

/** Gathers the images with these indices into a batch, in `room`, which has space for them. */
export async function gather(
  { items, outputs }: LabelledImages,
  indices: readonly number[],
  room: Float32Array,
): Promise<Batch> {
  const imageLength = items[indices[0]].image.length;
  const images = room.subarray(0, indices.length * imageLength);
  await Promise.all(
    indices.map((index, row) =>
      items[index].image.copyTo(images.subarray(row * imageLength, (row + 1) * imageLength)),
    ),
  );
  const classes = indices.map((index) => items[index].classIndex);
  return { images, labels: encodeLabels(classes, outputs), classes };
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
