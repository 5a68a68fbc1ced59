import type { z } from "zod";
import type { Initializer } from "../initializers.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";

export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Off, no optimizer changes it: it is the layer's own to update while training. */
  readonly trainable?: false;
}

/** What a layer's `record` is given: tensors with the batch in front. */
export interface LayerCall<Config> {
  readonly config: Config;
  /** All that the layer takes; the first is `x`. */
  readonly inputs: readonly Tensor[];
  readonly weights: Readonly<Record<string, Tensor>>;
  /** Off, dropout is the identity. */
  readonly training: boolean;
  /** Place of the layer in the model; names its random numbers. */
  readonly index: number;
}

/**
 * A layer is its configuration, its weights and how it is recorded; it stores nothing and computes nothing. Shapes are
 * those of one image, without the batch. An impossible shape is a `RangeError` with what was expected and what came; the model
 * adds the layer's name.
 */
export interface LayerDefinition<Schema extends z.ZodType = z.ZodType> {
  /** As Keras names it. */
  readonly className: string;
  readonly config: Schema;
  /** Takes two inputs or more; other layers take one. */
  readonly joins?: true;
  weights?(config: z.output<Schema>, inputShape: readonly number[]): WeightSpec[];
  outputShape(
    inputShape: readonly number[],
    config: z.output<Schema>,
    inputShapes: readonly (readonly number[])[],
  ): number[];
  record(recorder: Recorder, x: Tensor, call: LayerCall<z.output<Schema>>): Tensor;
}

export function defineLayer<Schema extends z.ZodType>(
  definition: LayerDefinition<Schema>,
): LayerDefinition<Schema> {
  return definition;
}
