import type { Tensor } from "../program.ts";
import { defineOperation } from "./define.ts";

const scalar = { loss: { shape: [1] } };
const like = (predictions: Tensor) => ({ dx: { shape: predictions.shape } });

/**
 * A loss is a mean over the batch, shape [1], and the root of the backward part: its gradient rule takes the loss's own
 * gradient to be 1. Labels have the predictions' shape [batch, outputs].
 *
 * mean of max(x, 0) - x * label + log(1 + exp(-|x|)), x being logits.
 */
export const sigmoidCrossEntropy = defineOperation({
  name: "sigmoidCrossEntropy",
  inputs: ["x", "labels"],
  outputs: ["loss"],
  attributes: [],
  infer: () => scalar,
  gradients: {
    x: (recorder, { inputs }) => recorder.apply(sigmoidCrossEntropyGradient, inputs, {}).dx,
  },
});

/** dx = (sigmoid(x) - label) / (batch * outputs). */
export const sigmoidCrossEntropyGradient = defineOperation({
  name: "sigmoidCrossEntropyGradient",
  inputs: ["x", "labels"],
  outputs: ["dx"],
  attributes: [],
  infer: ({ x }) => like(x),
});

/** -mean of label * log(x) + (1 - label) * log(1 - x), x being probabilities, clipped to [1e-7, 1 - 1e-7] as in Keras. */
export const binaryCrossEntropy = defineOperation({
  name: "binaryCrossEntropy",
  inputs: ["x", "labels"],
  outputs: ["loss"],
  attributes: [],
  infer: () => scalar,
  gradients: {
    x: (recorder, { inputs }) => recorder.apply(binaryCrossEntropyGradient, inputs, {}).dx,
  },
});

/** Zero where x was clipped. */
export const binaryCrossEntropyGradient = defineOperation({
  name: "binaryCrossEntropyGradient",
  inputs: ["x", "labels"],
  outputs: ["dx"],
  attributes: [],
  infer: ({ x }) => like(x),
});

/** -mean over the batch of sum of label * log(softmax(x)), x being logits. */
export const softmaxCrossEntropy = defineOperation({
  name: "softmaxCrossEntropy",
  inputs: ["x", "labels"],
  outputs: ["loss"],
  attributes: [],
  infer: () => scalar,
  gradients: {
    x: (recorder, { inputs }) => recorder.apply(softmaxCrossEntropyGradient, inputs, {}).dx,
  },
});

/** dx = (softmax(x) * sum of labels - label) / batch. */
export const softmaxCrossEntropyGradient = defineOperation({
  name: "softmaxCrossEntropyGradient",
  inputs: ["x", "labels"],
  outputs: ["dx"],
  attributes: [],
  infer: ({ x }) => like(x),
});

/**
 * -mean over the batch of sum of label * log(p), where p = x / sum of x, clipped to [1e-7, 1 - 1e-7]: x being
 * probabilities, as Keras treats them.
 */
export const categoricalCrossEntropy = defineOperation({
  name: "categoricalCrossEntropy",
  inputs: ["x", "labels"],
  outputs: ["loss"],
  attributes: [],
  infer: () => scalar,
  gradients: {
    x: (recorder, { inputs }) => recorder.apply(categoricalCrossEntropyGradient, inputs, {}).dx,
  },
});

export const categoricalCrossEntropyGradient = defineOperation({
  name: "categoricalCrossEntropyGradient",
  inputs: ["x", "labels"],
  outputs: ["dx"],
  attributes: [],
  infer: ({ x }) => like(x),
});
