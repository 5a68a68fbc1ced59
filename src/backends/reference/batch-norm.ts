import { activate, passes } from "./activations.ts";
import type { ReferenceKernel, TensorData } from "./kernel.ts";

export const batchNorm: ReferenceKernel = ([x, gamma, beta], [y, mean, variance], attributes) => {
  const means = meanOf(x, gamma.data.length, (value) => value);
  const variances = meanOf(x, gamma.data.length, (value, c) => (value - means[c]) ** 2);
  for (let i = 0; i < x.data.length; i++) {
    const c = i % means.length;
    const normalized = (x.data[i] - means[c]) / Math.sqrt(variances[c] + attributes.epsilon);
    y.data[i] = activate(gamma.data[c] * normalized + beta.data[c], attributes.activation);
  }
  mean.data.set(means);
  variance.data.set(variances);
};

export const batchNormParameterGradient: ReferenceKernel = (inputs, [dgamma, dbeta], attributes) => {
  const gammas = new Float64Array(dgamma.data.length);
  const betas = new Float64Array(dbeta.data.length);
  visitGradient(inputs, attributes, (_i, c, normalized, passed) => {
    gammas[c] += passed * normalized;
    betas[c] += passed;
  });
  dgamma.data.set(gammas);
  dbeta.data.set(betas);
};

export const batchNormInputGradient: ReferenceKernel = (inputs, [dx], attributes) => {
  const [, , gamma, , , variance, dgamma, dbeta] = inputs;
  const rows = dx.data.length / gamma.data.length;
  visitGradient(inputs, attributes, (i, c, normalized, passed) => {
    const slope = gamma.data[c] / Math.sqrt(variance.data[c] + attributes.epsilon);
    dx.data[i] = slope * (passed - dbeta.data[c] / rows - (normalized * dgamma.data[c]) / rows);
  });
};

export const movingAverage: ReferenceKernel = ([moving, value], [updated], { momentum }) => {
  for (let i = 0; i < updated.data.length; i++) {
    updated.data[i] = moving.data[i] * momentum + value.data[i] * (1 - momentum);
  }
};

export const scaleShift: ReferenceKernel = ([x, scale, shift], [y], { activation }) => {
  for (let i = 0; i < y.data.length; i++) {
    const c = i % scale.data.length;
    y.data[i] = activate(x.data[i] * scale.data[c] + shift.data[c], activation);
  }
};

export const foldBatchNorm: ReferenceKernel = (inputs, [folded, foldedBias], { epsilon }) => {
  const [kernel, bias, gamma, beta, mean, variance] = inputs;
  const scaleOf = (c: number) => gamma.data[c] / Math.sqrt(variance.data[c] + epsilon);
  for (let i = 0; i < kernel.data.length; i++) {
    folded.data[i] = kernel.data[i] * scaleOf(i % gamma.data.length);
  }
  for (let c = 0; c < gamma.data.length; c++) {
    foldedBias.data[c] = (bias.data[c] - mean.data[c]) * scaleOf(c) + beta.data[c];
  }
};

/** Mean over all axes but the last of what `f` gives for an element and its channel. */
function meanOf(
  { data }: TensorData,
  channels: number,
  f: (value: number, c: number) => number,
): Float64Array {
  const sums = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) sums[i % channels] += f(data[i], i % channels);
  return sums.map((sum) => (sum * channels) / data.length);
}

/** Calls `visit` for each element with its channel, (x - mean) / sqrt(variance + epsilon), and the dy let through. */
function visitGradient(
  [x, dy, gamma, beta, mean, variance]: readonly TensorData[],
  { epsilon, activation }: Readonly<Record<string, number>>,
  visit: (i: number, c: number, normalized: number, passed: number) => void,
): void {
  for (let i = 0; i < x.data.length; i++) {
    const c = i % gamma.data.length;
    const normalized = (x.data[i] - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon);
    const passed = passes(gamma.data[c] * normalized + beta.data[c], activation) ? dy.data[i] : 0;
    visit(i, c, normalized, passed);
  }
}
