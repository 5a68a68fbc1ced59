import { settleConstants } from "./constants.ts";
import { delayLarge } from "./delay.ts";
import { fuse } from "./fusion/fuse.ts";
import type { Loss } from "./losses.ts";
import { type Model, recordModel } from "./model.ts";
import type { Optimizer } from "./optimizers/table.ts";
import { planMemory } from "./plan.ts";
import type { Program, Tensor } from "./program.ts";
import { Recorder } from "./recorder.ts";

export interface ProgramOptions {
  /** Images at once. */
  readonly batchSize: number;
  /** Off, nothing is fused: for tests and for measuring what fusion gives. */
  readonly fused?: boolean;
}

/**
 * Forward only. Input `images` [batch, height, width, channels]; output `predictions` [batch, ...].
 * With a loss also input `labels`, of the predictions' shape, and output `loss` [1].
 */
export function inferenceProgram(model: Model, { batchSize, fused }: ProgramOptions, loss?: Loss): Program {
  const recorder = new Recorder(stateBytes(model, 0));
  recordForward(recorder, model, batchSize, false, loss);
  return finish(recorder, fused);
}

/**
 * One training step: forward, loss, backward, update. Inputs `images`, `labels`, `settings` (the optimizer's) and, where the
 * model draws random numbers, `random` (uint32 [4]: key and counter); outputs `predictions` and `loss`, both from before
 * the update.
 */
export function trainingProgram(
  model: Model,
  loss: Loss,
  optimizer: Optimizer,
  { batchSize, fused }: ProgramOptions,
): Program {
  const { definition, config } = optimizer;
  const slotNames = definition.slots(config);
  const recorder = new Recorder(stateBytes(model, slotNames.length));
  const root = recordForward(recorder, model, batchSize, true, loss);
  const { trainableLength, weightLength } = model;
  const slots = slotNames.map((_, index) =>
    recorder.state([trainableLength], weightLength + index * trainableLength),
  );
  const weights = recorder.state([trainableLength], 0);
  const gradients = recordGradients(recorder, model, root);
  const settings = recorder.input("settings", [definition.settings(config, config.learningRate, 1).length]);
  recorder.within({ name: definition.className, pass: "update" }, () =>
    definition.record(recorder, { config, weights, gradients, slots, settings }),
  );
  return finish(recorder, fused);
}

/** Length of the state: the weights, and for each of the optimizer's slots the trainable ones again. */
export function stateBytes(model: Model, slotCount: number): number {
  return (model.weightLength + slotCount * model.trainableLength) * Float32Array.BYTES_PER_ELEMENT;
}

function recordForward(
  recorder: Recorder,
  model: Model,
  batchSize: number,
  training: boolean,
  loss?: Loss,
): Tensor {
  const images = recorder.input("images", [batchSize, ...model.description.inputShape]);
  const predictions = recordModel(recorder, model, images, training);
  recorder.output("predictions", predictions);
  if (!loss) return predictions;
  const root = recorder.within({ name: "loss", pass: "forward" }, () =>
    loss.record(recorder, predictions, recorder.input("labels", predictions.shape)),
  );
  recorder.output("loss", root);
  return root;
}

/** The gradients of all trainable weights in one tensor, laid out as they are, so that one operation updates them all. */
function recordGradients(recorder: Recorder, model: Model, root: Tensor): Tensor {
  const targets = model.trainableWeights.map(({ shape, offset }) => recorder.state(shape, offset));
  const all = recorder.work([model.trainableLength]);
  recorder.differentiate(root, targets).forEach((gradient, index) => {
    recorder.place(gradient, all, model.trainableWeights[index].offset);
  });
  return all;
}

function finish(recorder: Recorder, fused = true): Program {
  const recording = recorder.finish();
  return planMemory(fused ? delayLarge(settleConstants(fuse(recording))) : recording);
}
