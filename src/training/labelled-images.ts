/** Images in memory with their classes. */
export interface LabelledImages {
  /** For each image `height * width * channels` floats, as the model takes them. */
  readonly items: readonly { readonly pixels: Float32Array; readonly classIndex: number }[];
  /** Outputs of the model: 1 for two classes, otherwise one for each. */
  readonly outputs: number;
}

export interface Batch {
  /** [batch, height, width, channels] */
  readonly images: Float32Array;
  /** [batch, outputs]: 0 or 1, or one-hot. */
  readonly labels: Float32Array;
  readonly classes: readonly number[];
}

/**
 * Gathers images into batches. Two buffers take turns, so that one batch can be gathered while the one before it is at work; a
 * batch is good until the next but one is asked for.
 */
export function createBatcher({ items, outputs }: LabelledImages, batchSize: number) {
  const imageLength = items[0]?.pixels.length ?? 0;
  const buffers = [0, 1].map(() => new Float32Array(Math.min(batchSize, items.length) * imageLength));
  let turn = 0;
  return (indices: readonly number[]): Batch => {
    const images = buffers[turn].subarray(0, indices.length * imageLength);
    turn = 1 - turn;
    indices.forEach((index, row) => {
      images.set(items[index].pixels, row * imageLength);
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
