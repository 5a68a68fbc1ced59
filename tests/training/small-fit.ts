import { chooseBackend } from "../../src/backends/choose.ts";
import type { OptimizerRecord } from "../../src/core/description.ts";
import { binaryCrossentropy } from "../../src/core/losses.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { Session, type StepResult, type TrainingStep } from "../../src/core/session.ts";
import { keepFloats } from "../../src/data/prepare.ts";
import type { FitOptions } from "../../src/training/fit.ts";
import type { EpochRecord } from "../../src/training/history.ts";
import type { LabelledImages } from "../../src/training/labelled-images.ts";
import { RandomStream } from "../../src/util/random.ts";
import { sequence } from "../support/networks.ts";

const side = 6;

export const { backend } = await chooseBackend("auto");

export const small = buildModel(
  sequence(
    [side, side, 3],
    ["Conv2D", { filters: 4, kernelSize: 3, activation: "relu" }],
    ["Flatten"],
    ["Dense", { units: 1, activation: "sigmoid" }],
  ),
);

export const smallWithDropout = buildModel(
  sequence(
    [side, side, 3],
    ["Conv2D", { filters: 4, kernelSize: 3, activation: "relu" }],
    ["MaxPooling2D"],
    ["Dropout", { rate: 0.4 }],
    ["Flatten"],
    ["Dense", { units: 1, activation: "sigmoid" }],
  ),
);

/** A session at its first weights. */
export function startSmall(model = small, optimizer = createOptimizer("Adam")): Session {
  const session = new Session(backend, model, { loss: binaryCrossentropy, optimizer });
  session.weights = initialWeights(model, 3);
  return session;
}

/** Noise in two classes, of which the second is brighter. */
function noisyImages(count: number, seed: number): LabelledImages {
  const items = Array.from({ length: count }, (_, index) => {
    const random = new RandomStream(seed, "noise", index);
    const classIndex = random.nextInteger(2);
    const pixels = Float32Array.from(
      { length: side * side * 3 },
      () => random.next() * (0.6 + classIndex * 0.4),
    );
    return { image: keepFloats(pixels), classIndex };
  });
  return { items, outputs: 1 };
}

/** 11 images in batches of 4, so that an epoch has batches of 4, 4 and 3. */
export const smallFit = {
  train: noisyImages(11, 1),
  validation: noisyImages(5, 2),
  epochs: 3,
  batchSize: 4,
  learningRate: 0.01,
  seed: 7,
  clock: () => 0,
} satisfies FitOptions;

/** Weights and moments as they are now; what the session hands out may change with the next step. */
export function stateOf(session: Session): { weights: Float32Array[]; optimizer: OptimizerRecord } {
  const { optimizer } = session;
  const slots = optimizer.slots.map(({ slot, weight }) => ({
    slot,
    weight: { ...weight, values: weight.values.slice() },
  }));
  const weights = session.weights.map(({ values }) => values.slice());
  return { weights, optimizer: { ...optimizer, slots } };
}

/** What a history says apart from the time it took. */
export function withoutTimes(history: readonly EpochRecord[]) {
  return history.map(({ epoch, train, validation, learningRate }) => ({
    epoch,
    train,
    validation,
    learningRate,
  }));
}

export interface WatchedStep {
  /** As they were when the step began. */
  readonly given: TrainingStep;
  readonly result: StepResult;
  /** They were still the same when it ended. */
  readonly inputsKept: boolean;
}

/** Notes every training step of a session. */
export function watchSteps(session: Session): WatchedStep[] {
  const steps: WatchedStep[] = [];
  const train = session.train.bind(session);
  session.train = async (step) => {
    const given = {
      ...step,
      images: step.images.slice(),
      labels: step.labels.slice(),
      random: step.random.slice(),
    };
    const result = await train(step);
    await new Promise(setImmediate); // whoever prepares the next batch meanwhile has time to do harm
    const inputsKept =
      given.images.every((value, i) => value === step.images[i]) &&
      given.labels.every((value, i) => value === step.labels[i]);
    steps.push({ given, result, inputsKept });
    return result;
  };
  return steps;
}
