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

/** Gathers the images with these indices into a batch. */
export type Gather = (images: LabelledImages, indices: readonly number[]) => Batch;

/**
 * Makes a `Gather` with room for batches of this size. Two buffers take turns, so that one batch can be gathered while the one
 * before it is at work; a batch is good until the next but one is asked for.
 */
export function createGather(batchSize: number): Gather {
  const buffers: (Float32Array | undefined)[] = [undefined, undefined];
  let turn = 0;
  return ({ items, outputs }, indices) => {
    const imageLength = items[indices[0]].pixels.length;
    const buffer = buffers[turn] ?? new Float32Array(batchSize * imageLength);
    const images = buffer.subarray(0, indices.length * imageLength);
    buffers[turn] = buffer;
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
