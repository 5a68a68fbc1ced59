import type * as library from "../../src/browser.ts";
import type { Backend } from "../../src/core/backend.ts";

export interface Training {
  /** Pixels of an image's side. */
  readonly size: number;
  readonly steps: number;
  readonly optimizer: string;
}

export interface Trained {
  readonly losses: readonly number[];
  readonly seconds: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

/**
 * Trains the report's network on the same batch again and again. Its text runs in the page too, so it stands alone: no imports,
 * no names from around it.
 */
export async function train(
  { buildModel, createOptimizer, initialWeights, lossFor, reportNetwork, Session }: typeof library,
  backend: Backend,
  images: Float32Array,
  { size, steps, optimizer: className }: Training,
): Promise<Trained> {
  const model = buildModel(reportNetwork([size, size, 3], 1));
  const optimizer = createOptimizer(className);
  const session = new Session(backend, model, { loss: lossFor(1), optimizer });
  session.weights = initialWeights(model, 1);
  const labels = Float32Array.from({ length: images.length / (size * size * 3) }, (_, i) => i % 2);
  const { learningRate } = optimizer.config;
  const losses: number[] = [];
  const seconds: number[] = [];
  for (let step = 0; step < steps; step++) {
    const started = performance.now();
    const { loss } = await session.train({ images, labels, learningRate, random: new Uint32Array(4) });
    seconds.push((performance.now() - started) / 1000);
    losses.push(loss);
  }
  return { losses, seconds, weights: session.weights.map(({ values }) => Array.from(values)) };
}
