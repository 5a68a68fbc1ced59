/**
 * A model as plain data, in Keras's words: what `.h5` files store, what `summary` prints and what the recorder
 * turns into a program. Class names are Keras's (`Conv2D`); configuration keys are Keras's in camel case
 * (`kernelSize` for `kernel_size`), so that the format code only translates spelling.
 */
export interface LayerDescription {
  readonly className: string;
  /** Unique in the model, as Keras names layers: `conv2d`, `conv2d_1`. */
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /**
   * Names of the layers whose outputs this one takes; the model's input by its own name. Without it: the layer before, or
   * in the first layer the model's input.
   */
  readonly inputs?: readonly string[];
}

export interface ModelDescription {
  readonly name: string;
  /** Height, width and channels of one image; the batch is in front of it, and channels come last. */
  readonly inputShape: readonly [number, number, number];
  /** What `inputs` call the model's input, where they do. */
  readonly inputName?: string;
  readonly layers: readonly LayerDescription[];
}

/** One array of a layer, named as in Keras: `kernel` [height, width, in, out] or [in, out], `bias` [out], `moving_mean`… */
export interface WeightRecord {
  readonly layer: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** An optimizer between two steps, enough to go on as if it had never stopped. */
export interface OptimizerRecord {
  readonly className: string;
  /** Keras's words in camel case: `learningRate`, `beta1`, `momentum`… */
  readonly config: Readonly<Record<string, unknown>>;
  /** Updates made so far. */
  readonly iterations: number;
  /** Moments by Keras's slot name (`momentum`, `velocity`), each as the weight that it belongs to. */
  readonly slots: readonly { readonly slot: string; readonly weight: WeightRecord }[];
}
