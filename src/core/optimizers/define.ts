import type { z } from "zod";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";

/** Tensors over all trainable weights laid end to end. */
export interface OptimizerCall<Config> {
  readonly config: Config;
  readonly weights: Tensor;
  readonly gradients: Tensor;
  /** In the order of `slots`. */
  readonly slots: readonly Tensor[];
  /** What `settings` gave for this step. */
  readonly settings: Tensor;
}

/** An optimizer is its configuration, what it remembers of each weight, and how one update is recorded. */
export interface OptimizerDefinition<Schema extends z.ZodType = z.ZodType> {
  /** As Keras names it. */
  readonly className: string;
  readonly config: Schema;
  /** Names of what is kept for each weight, zero at first; as Keras names them. */
  slots(config: z.output<Schema>): string[];
  /** Numbers that change from step to step; `step` counts from 1. Their number is fixed. */
  settings(config: z.output<Schema>, learningRate: number, step: number): number[];
  record(recorder: Recorder, call: OptimizerCall<z.output<Schema>>): void;
}

export function defineOptimizer<Schema extends z.ZodType>(
  definition: OptimizerDefinition<Schema>,
): OptimizerDefinition<Schema> {
  return definition;
}
