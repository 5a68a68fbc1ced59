import { activationCode } from "../../core/operations/activation-code.ts";
import type { ReferenceKernel } from "./kernel.ts";

type Attributes = Readonly<Record<string, number>>;

/** y = f(x), an element at a time. */
const map =
  (f: (x: number, attributes: Attributes) => number): ReferenceKernel =>
  ([x], [y], attributes) => {
    for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i], attributes);
  };

/** dx = dy * slope, the slope being worked out from f's input or output, as the operation declares. */
const slope =
  (f: (from: number, attributes: Attributes) => number): ReferenceKernel =>
  ([dy, from], [dx], attributes) => {
    for (let i = 0; i < dx.data.length; i++) dx.data[i] = dy.data[i] * f(from.data[i], attributes);
  };

const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const logOnePlusExp = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export const relu = map((x) => (x > 0 ? x : 0));
export const reluGradient = slope((y) => (y > 0 ? 1 : 0));
export const relu6 = map((x) => Math.min(Math.max(x, 0), 6));
export const relu6Gradient = slope((y) => (y > 0 && y < 6 ? 1 : 0));
export const leakyRelu = map((x, { slope: s }) => (x > 0 ? x : s * x));
export const leakyReluGradient = slope((x, { slope: s }) => (x > 0 ? 1 : s));
export const boundedRelu = map((x, { slope: s, threshold, maximum }) =>
  x > threshold ? Math.min(x, maximum) : s * (x - threshold),
);
export const boundedReluGradient = slope((x, { slope: s, threshold, maximum }) =>
  x > threshold ? Number(x <= maximum) : s,
);
export const elu = map((x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)));
export const eluGradient = slope((x, { alpha }) => (x > 0 ? 1 : alpha * Math.exp(x)));
export const selu = map((x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)));
// at 0 the slope is the scale alone, as in TensorFlow
export const seluGradient = slope((x) => SELU_SCALE * (x >= 0 ? 1 : SELU_ALPHA * Math.exp(x)));
export const sigmoid = map(logistic);
export const sigmoidGradient = slope((y) => y * (1 - y));
export const tanh = map(Math.tanh);
export const tanhGradient = slope((y) => 1 - y * y);
export const exponential = map(Math.exp);
export const exponentialGradient = slope((y) => y);
export const softplus = map(logOnePlusExp);
export const softplusGradient = slope(logistic);
export const softsign = map((x) => x / (1 + Math.abs(x)));
export const softsignGradient = slope((x) => 1 / (1 + Math.abs(x)) ** 2);
export const silu = map((x) => x * logistic(x));
export const siluGradient = slope((x) => logistic(x) * (1 + x * (1 - logistic(x))));
export const gelu = map((x) => x * normalDistribution(x));
export const geluGradient = slope(
  (x) => normalDistribution(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
);
export const geluApproximate = map((x) => 0.5 * x * (1 + Math.tanh(geluArgument(x))));
export const geluApproximateGradient = slope((x) => {
  const t = Math.tanh(geluArgument(x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
});
export const hardSigmoid = map((x) => Math.min(Math.max(x / 6 + 0.5, 0), 1));
export const hardSigmoidGradient = slope((x) => (x > -3 && x < 3 ? 1 / 6 : 0));
export const mish = map((x) => x * Math.tanh(logOnePlusExp(x)));
export const mishGradient = slope((x) => {
  const t = Math.tanh(logOnePlusExp(x));
  return t + x * (1 - t * t) * logistic(x);
});

export const softmax: ReferenceKernel = ([x], [y]) => {
  const classes = x.shape[x.shape.length - 1];
  for (let from = 0; from < y.data.length; from += classes) {
    const row = [...x.data.subarray(from, from + classes)];
    y.data.set(softmaxOf(row), from);
  }
};

export const softmaxGradient: ReferenceKernel = ([dy, y], [dx]) => {
  const classes = y.shape[y.shape.length - 1];
  for (let from = 0; from < dx.data.length; from += classes) {
    let dot = 0;
    for (let i = from; i < from + classes; i++) dot += dy.data[i] * y.data[i];
    for (let i = from; i < from + classes; i++) dx.data[i] = y.data[i] * (dy.data[i] - dot);
  }
};

/** What a fused operation's `activation` makes of its argument. */
export function activate(x: number, code: number): number {
  if (code === activationCode.none) return x;
  return Math.min(Math.max(x, 0), code === activationCode.relu6 ? 6 : Number.POSITIVE_INFINITY);
}

/** Whether it lets the gradient through. */
export function passes(x: number, code: number): boolean {
  return code === activationCode.none || (x > 0 && (code !== activationCode.relu6 || x < 6));
}

export function softmaxOf(row: readonly number[]): number[] {
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = row.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

const geluArgument = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

/** Φ(x), by the complementary error function. */
function normalDistribution(x: number): number {
  return 0.5 * complementaryError(-x / Math.SQRT2);
}

/**
 * erfc(x): its Taylor series near zero, Lentz's continued fraction further out (Abramowitz and Stegun 7.1.5 and 7.1.14). Good to
 * about 1e-15.
 */
function complementaryError(x: number): number {
  if (x < 0) return 2 - complementaryError(-x);
  if (x < 2) return 1 - errorSeries(x);
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
}

function errorSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
