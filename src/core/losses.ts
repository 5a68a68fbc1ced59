import * as ops from "./operations/losses.ts";
import type { Tensor } from "./program.ts";
import type { Recorder } from "./recorder.ts";

/** A loss over predictions and labels of shape [batch, outputs]; the result is [1], the mean over the batch. */
export interface Loss {
  /** As Keras names it. */
  readonly name: string;
  record(recorder: Recorder, predictions: Tensor, labels: Tensor): Tensor;
}

/**
 * Where the predictions come straight from the activation that the loss undoes, the loss takes what went into it, the
 * logits: exact where probabilities round to 0 or 1. Keras does the same when it trains.
 */
function recordFromLogits(
  recorder: Recorder,
  predictions: Tensor,
  labels: Tensor,
  activation: "sigmoid" | "softmax",
  fromLogits: typeof ops.sigmoidCrossEntropy | typeof ops.softmaxCrossEntropy,
  fromProbabilities: typeof ops.binaryCrossEntropy | typeof ops.categoricalCrossEntropy,
): Tensor {
  const producer = recorder.producer(predictions);
  return producer?.operation === activation
    ? recorder.apply<"x" | "labels", "loss", never>(fromLogits, { x: producer.inputs[0], labels }, {}).loss
    : recorder.apply<"x" | "labels", "loss", never>(fromProbabilities, { x: predictions, labels }, {}).loss;
}

export const binaryCrossentropy: Loss = {
  name: "binary_crossentropy",
  record: (recorder, predictions, labels) =>
    recordFromLogits(
      recorder,
      predictions,
      labels,
      "sigmoid",
      ops.sigmoidCrossEntropy,
      ops.binaryCrossEntropy,
    ),
};

export const categoricalCrossentropy: Loss = {
  name: "categorical_crossentropy",
  record: (recorder, predictions, labels) =>
    recordFromLogits(
      recorder,
      predictions,
      labels,
      "softmax",
      ops.softmaxCrossEntropy,
      ops.categoricalCrossEntropy,
    ),
};

export const losses: readonly Loss[] = [binaryCrossentropy, categoricalCrossentropy];

/** The loss that fits a classifier: one sigmoid for two classes, a softmax for more. */
export function lossFor(outputs: number): Loss {
  return outputs === 1 ? binaryCrossentropy : categoricalCrossentropy;
}
