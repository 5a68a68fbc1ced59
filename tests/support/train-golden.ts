import type { Backend } from "../../src/core/backend.ts";
import type { Loss } from "../../src/core/losses.ts";
import type { Model } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { trainingProgram } from "../../src/core/programs.ts";
import { elementCount } from "../../src/util/shapes.ts";
import { goldenBatch, goldenWeights } from "./report-golden.ts";
import { prepareRun } from "./run-program.ts";

export interface GoldenTraining {
  readonly classes: number;
  readonly optimizer: "SGD" | "Adam";
  readonly size: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly fused: boolean;
  /** The optimizer's default without it. */
  readonly learningRate?: number;
}

/** Trains from the golden weights on the golden batches; the loss of each step and the final weights in model order. */
export async function trainGolden(
  backend: Backend,
  model: Model,
  loss: Loss,
  { classes, optimizer: className, size, batchSize, steps, fused, learningRate }: GoldenTraining,
): Promise<{ losses: number[]; weights: Float32Array[] }> {
  const optimizer = createOptimizer(className, { learningRate });
  const { definition, config } = optimizer;
  const run = prepareRun(backend, trainingProgram(model, loss, optimizer, { batchSize, fused }));
  const initial = goldenWeights(size, classes);
  for (const [i, { offset }] of model.weights.entries()) run.state.set(initial[i]!.values, offset);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const settings = Float32Array.from(definition.settings(config, config.learningRate, step + 1));
    const outputs = await run.run({ ...goldenBatch(step, batchSize, size, classes), settings });
    losses.push(outputs.loss![0]!);
  }
  const weights = model.weights.map(({ shape, offset }) =>
    run.state.slice(offset, offset + elementCount(shape)),
  );
  return { losses, weights };
}
