import type { ModelDescription, OptimizerRecord, WeightRecord } from "../core/description.ts";

/**
 * A loss or metric in Keras's words: its name (`binary_crossentropy`, `accuracy`), or where it has settings that its name does not
 * imply its class with these, their keys in camel case.
 */
export type LossOrMetric =
  | string
  | { readonly className: string; readonly config: Readonly<Record<string, unknown>> };

/** What a model was compiled with. */
export interface CompileRecord {
  readonly loss: LossOrMetric;
  readonly optimizer: Pick<OptimizerRecord, "className" | "config">;
  readonly metrics: readonly LossOrMetric[];
}

/** All that a model file holds, as plain data: each format writes it and reads it back. */
export interface SavedModel {
  readonly description: ModelDescription;
  /** In the order of the layers, and in each layer in Keras's order (`kernel`, `bias`). */
  readonly weights: readonly WeightRecord[];
  /** From a decoded picture to the model's input. The file carries it as it is; whoever uses it checks it. */
  readonly preprocessing?: Readonly<Record<string, unknown>>;
  /** Class names in index order. */
  readonly classes?: readonly string[];
  readonly compile?: CompileRecord;
  /** The optimizer's state, to go on training. */
  readonly optimizer?: OptimizerRecord;
  /** Anything else that should travel with the model, by name: the position of a training run, say. */
  readonly extra?: Readonly<Record<string, string>>;
  /** Of a file that was read: what of it is taken otherwise than it says. */
  readonly notices?: readonly string[];
}

/** Weights without the model that they are of, by the names that their file has for them. */
export interface LooseWeights {
  readonly weights: readonly WeightRecord[];
  /**
   * Whose names these are: of layers as the model calls them, or as Keras 3 counts them by their classes (`conv2d`, `conv2d_1`), and of a
   * layer's arrays by their numbers.
   */
  readonly named: "by layer" | "by class";
}

export function isWholeModel(read: SavedModel | LooseWeights): read is SavedModel {
  return "description" in read;
}
