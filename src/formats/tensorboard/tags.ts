import type { Model } from "../../core/model.ts";
import { toModelConfig } from "../keras/model-config.ts";

/** What Keras's TensorBoard callback calls its curves, and into which of its two folders each goes. */

export interface TaggedValue {
  readonly tag: string;
  readonly value: number;
}

export interface EpochScalars {
  /** For the folder `train/`. */
  readonly train: readonly TaggedValue[];
  /** For the folder `validation/`. */
  readonly validation: readonly TaggedValue[];
}

/**
 * The scalars of an epoch; their step is the epoch, from 0. `logs` is the epoch's row of the history: `loss`,
 * `accuracy`, `val_loss`…, and `learning_rate`, which Keras writes last.
 */
export function epochScalars(logs: Readonly<Record<string, number>>): EpochScalars {
  const prefix = "val_";
  const entries = Object.entries(logs);
  return {
    train: entries
      .filter(([name]) => !name.startsWith(prefix))
      .map(([name, value]) => ({ tag: `epoch_${name}`, value })),
    validation: entries
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => ({ tag: `epoch_${name.slice(prefix.length)}`, value })),
  };
}

/**
 * The scalars of one pass over the validation data, for `validation/`; their step is the number of updates made so
 * far. `logs` has the names of the metrics without `val_`.
 */
export function evaluationScalars(logs: Readonly<Record<string, number>>): TaggedValue[] {
  return Object.entries(logs).map(([name, value]) => ({ tag: `evaluation_${name}_vs_iterations`, value }));
}

/**
 * The scalars of a batch, for `train/`; their step is the number of updates made so far. `logs` are means over the epoch up to
 * here, as Keras has them.
 */
export function batchScalars(logs: Readonly<Record<string, number>>): TaggedValue[] {
  return Object.entries(logs).map(([name, value]) => ({ tag: `batch_${name}`, value }));
}

/** Histograms of weights: Keras 3 puts those of a sequence under the name of the model, and those of a graph under their layers. */
export function weightTags({ description, weights }: Model): string[] {
  const prefix = toModelConfig(description).class_name === "Sequential" ? `${description.name}/` : "";
  return weights.map(({ layer, name }) => `${prefix}${layer}/${name}/histogram`);
}
