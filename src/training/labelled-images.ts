import type { PreparedImage } from "../data/prepare.ts";
import type { InputError } from "../util/errors.ts";

/** Images with their classes. */
export interface LabelledImages {
  readonly items: readonly { readonly image: PreparedImage; readonly classIndex: number }[];
  /** Outputs of the model: 1 for two classes, otherwise one for each. */
  readonly outputs: number;
  /** Told once of each image that cannot be had, for the reason that its `fetch` gave. */
  readonly onMissing?: ((index: number, reason: InputError) => void) | undefined;
}

export interface Batch {
  /** [batch, height, width, channels] */
  readonly images: Float32Array;
  /** [batch, outputs]: 0 or 1, or one-hot. */
  readonly labels: Float32Array;
  readonly classes: number[];
  /** Which images these are. */
  readonly indices: readonly number[];
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
