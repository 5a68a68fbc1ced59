import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { activationCode } from "./activation-code.ts";
import { relu6Gradient, reluGradient } from "./activations.ts";
import { defineOperation, type Operation, type OperationCall } from "./define.ts";
import { biasGradient } from "./dense.ts";
import { fill, multiply } from "./elementwise.ts";

/**
 * Batch normalisation (Ioffe and Szegedy 2015). Channels are the last axis; mean and variance are over all others.
 * `activation` is 0 for none, 1 for ReLU, 2 for ReLU6: layers record 0, the fusion pass the others.
 */
const attributes = ["epsilon", "activation"] as const;

type Call = OperationCall<"x" | "gamma" | "beta", "y" | "mean" | "variance", (typeof attributes)[number]>;

/**
 * y = activation(gamma * (x - mean) / sqrt(variance + epsilon) + beta), with the mean and the (biased) variance of the
 * batch itself. x [..., channels]; gamma, beta, mean, variance [channels].
 */
export const batchNorm = defineOperation({
  name: "batchNorm",
  inputs: ["x", "gamma", "beta"],
  outputs: ["y", "mean", "variance"],
  attributes,
  infer: ({ x, gamma }) => ({
    y: { shape: x.shape },
    mean: { shape: gamma.shape },
    variance: { shape: gamma.shape },
  }),
  gradients: {
    x: (recorder, call, dy) => {
      const { dgamma, dbeta } = parameterGradients(recorder, call, dy);
      const { inputs, outputs } = call;
      const { mean, variance } = outputs;
      return recorder.apply(
        batchNormInputGradient,
        { ...inputs, dy, mean, variance, dgamma, dbeta },
        call.attributes,
      ).dx;
    },
    gamma: (recorder, call, dy) => parameterGradients(recorder, call, dy).dgamma,
    beta: (recorder, call, dy) => parameterGradients(recorder, call, dy).dbeta,
  },
});

/** The gradient of x is made from those of gamma and beta, so that they are recorded once, whoever asks first. */
function parameterGradients(recorder: Recorder, { inputs, outputs, attributes: values }: Call, dy: Tensor) {
  const { mean, variance } = outputs;
  return recorder.applyOnce(batchNormParameterGradient, { ...inputs, dy, mean, variance }, values);
}

/**
 * dgamma = sum of dy * (x - mean) / sqrt(variance + epsilon), dbeta = sum of dy; where there is an activation, of the dy that
 * it lets through, which its argument, computed anew, tells.
 */
export const batchNormParameterGradient = defineOperation({
  name: "batchNormParameterGradient",
  inputs: ["x", "dy", "gamma", "beta", "mean", "variance"],
  outputs: ["dgamma", "dbeta"],
  attributes,
  infer: ({ gamma }) => ({ dgamma: { shape: gamma.shape }, dbeta: { shape: gamma.shape } }),
});

/**
 * dx = gamma / sqrt(variance + epsilon) * (dy - dbeta / rows - (x - mean) / sqrt(variance + epsilon) * dgamma / rows), with dy
 * as above: mean and variance depend on x too.
 */
export const batchNormInputGradient = defineOperation({
  name: "batchNormInputGradient",
  inputs: ["x", "dy", "gamma", "beta", "mean", "variance", "dgamma", "dbeta"],
  outputs: ["dx"],
  attributes,
  infer: ({ x }) => ({ dx: { shape: x.shape } }),
});

/** updated = moving * momentum + value * (1 - momentum); may be written over `moving`. */
export const movingAverage = defineOperation({
  name: "movingAverage",
  inputs: ["moving", "value"],
  outputs: ["updated"],
  attributes: ["momentum"],
  infer: ({ moving }) => ({ updated: { shape: moving.shape } }),
});

/** y = activation(x * scale + shift). x [..., channels]; scale, shift [channels]. */
export const scaleShift: Operation<"scaleShift", "x" | "scale" | "shift", "y", "activation"> = {
  name: "scaleShift",
  inputs: ["x", "scale", "shift"],
  outputs: ["y"],
  attributes: ["activation"],
  infer: ({ x }) => ({ y: { shape: x.shape } }),
  gradients: {
    x: (recorder, call, dy) => {
      const { scale } = call.inputs;
      const x = passedGradient(recorder, call, dy);
      const shift = recorder.apply(fill, {}, { value: 0, length: scale.shape[0] }).y;
      return recorder.apply(scaleShift, { x, scale, shift }, { activation: 0 }).y;
    },
    scale: (recorder, call, dy) => {
      const products = { a: passedGradient(recorder, call, dy), b: call.inputs.x };
      return recorder.apply(biasGradient, { dy: recorder.apply(multiply, products, {}).y }, {}).dbias;
    },
    shift: (recorder, call, dy) =>
      recorder.apply(biasGradient, { dy: passedGradient(recorder, call, dy) }, {}).dbias,
  },
};

/** What the activation lets through. */
function passedGradient(
  recorder: Recorder,
  { outputs: { y }, attributes: { activation } }: OperationCall<"x", "y", "activation">,
  dy: Tensor,
): Tensor {
  if (activation === activationCode.none) return dy;
  const slope = activation === activationCode.relu6 ? relu6Gradient : reluGradient;
  return recorder.applyOnce(slope, { dy, from: y }, {}).dx;
}

/**
 * The normalisation behind a kernel and its bias, as one kernel and bias: s = gamma / sqrt(variance + epsilon),
 * folded = kernel * s, foldedBias = (bias - mean) * s + beta. kernel [..., channels], its last axes being as many channels
 * together (channels * multiplier of a depthwise kernel); all others [channels].
 */
export const foldBatchNorm = defineOperation({
  name: "foldBatchNorm",
  inputs: ["kernel", "bias", "gamma", "beta", "mean", "variance"],
  outputs: ["folded", "foldedBias"],
  attributes: ["epsilon"],
  infer: ({ kernel, gamma }) => ({
    folded: { shape: kernel.shape },
    foldedBias: { shape: gamma.shape },
  }),
});
