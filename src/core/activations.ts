import { z } from "zod";
import * as ops from "./operations/activations.ts";
import { multiply } from "./operations/elementwise.ts";
import type { Tensor } from "./program.ts";
import type { Recorder } from "./recorder.ts";

type Activation = (recorder: Recorder, x: Tensor) => Tensor;

/** x * hardSigmoid(x). Howard et al. 2019, "MobileNetV3". */
const hardSilu: Activation = (recorder, x) => {
  const gate = recorder.apply(ops.hardSigmoid, { x }, {}).y;
  return recorder.apply(multiply, { a: x, b: gate }, {}).y;
};

/** Activations by the name that Keras gives them in a layer's `activation`, with Keras's defaults. */
export const activations = {
  linear: (_recorder, x) => x,
  relu: (recorder, x) => recorder.apply(ops.relu, { x }, {}).y,
  relu6: (recorder, x) => recorder.apply(ops.relu6, { x }, {}).y,
  leaky_relu: (recorder, x) => recorder.apply(ops.leakyRelu, { x }, { slope: 0.2 }).y,
  elu: (recorder, x) => recorder.apply(ops.elu, { x }, { alpha: 1 }).y,
  selu: (recorder, x) => recorder.apply(ops.selu, { x }, {}).y,
  sigmoid: (recorder, x) => recorder.apply(ops.sigmoid, { x }, {}).y,
  tanh: (recorder, x) => recorder.apply(ops.tanh, { x }, {}).y,
  exponential: (recorder, x) => recorder.apply(ops.exponential, { x }, {}).y,
  softplus: (recorder, x) => recorder.apply(ops.softplus, { x }, {}).y,
  softsign: (recorder, x) => recorder.apply(ops.softsign, { x }, {}).y,
  silu: (recorder, x) => recorder.apply(ops.silu, { x }, {}).y,
  swish: (recorder, x) => recorder.apply(ops.silu, { x }, {}).y,
  gelu: (recorder, x) => recorder.apply(ops.gelu, { x }, {}).y,
  hard_sigmoid: (recorder, x) => recorder.apply(ops.hardSigmoid, { x }, {}).y,
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  mish: (recorder, x) => recorder.apply(ops.mish, { x }, {}).y,
  softmax: (recorder, x) => recorder.apply(ops.softmax, { x }, {}).y,
} as const satisfies Record<string, Activation>;

export type ActivationName = keyof typeof activations;

export const activationSchema = z
  .enum(Object.keys(activations) as [ActivationName, ...ActivationName[]])
  .nullish()
  .transform((name): ActivationName => name ?? "linear");
