import { logistic, softmaxOf } from "./activations.ts";
import type { ReferenceKernel } from "./kernel.ts";

/** Keras's epsilon: probabilities are kept this far from 0 and 1. */
const EPSILON = 1e-7;
// the limits are float32 numbers in Keras, and 1 - 1e-7 is not one
const LOWEST = Math.fround(EPSILON);
const HIGHEST = Math.fround(1 - EPSILON);

const clip = (p: number) => Math.min(Math.max(p, LOWEST), HIGHEST);
const clipped = (p: number) => p < LOWEST || p > HIGHEST;

export const sigmoidCrossEntropy: ReferenceKernel = ([x, labels], [loss]) => {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) {
    const z = x.data[i];
    sum += Math.max(z, 0) - z * labels.data[i] + Math.log1p(Math.exp(-Math.abs(z)));
  }
  loss.data[0] = sum / x.data.length;
};

export const sigmoidCrossEntropyGradient: ReferenceKernel = ([x, labels], [dx]) => {
  for (let i = 0; i < dx.data.length; i++)
    dx.data[i] = (logistic(x.data[i]) - labels.data[i]) / dx.data.length;
};

export const binaryCrossEntropy: ReferenceKernel = ([x, labels], [loss]) => {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) {
    const p = clip(x.data[i]);
    sum -= labels.data[i] * Math.log(p) + (1 - labels.data[i]) * Math.log(1 - p);
  }
  loss.data[0] = sum / x.data.length;
};

export const binaryCrossEntropyGradient: ReferenceKernel = ([x, labels], [dx]) => {
  for (let i = 0; i < dx.data.length; i++) {
    const p = x.data[i];
    const slope = clipped(p) ? 0 : (1 - labels.data[i]) / (1 - p) - labels.data[i] / p;
    dx.data[i] = slope / dx.data.length;
  }
};

/** Calls `visit` with each row of x and of the labels, and where it starts. */
function visitRows(
  [x, labels]: Parameters<ReferenceKernel>[0],
  visit: (row: number[], labels: number[], from: number, rows: number) => void,
): void {
  const classes = x.shape[x.shape.length - 1];
  for (let from = 0; from < x.data.length; from += classes) {
    const row = [...x.data.subarray(from, from + classes)];
    visit(row, [...labels.data.subarray(from, from + classes)], from, x.data.length / classes);
  }
}

export const softmaxCrossEntropy: ReferenceKernel = (inputs, [loss]) => {
  let sum = 0;
  visitRows(inputs, (row, labels, _from, rows) => {
    const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const logSum = largest + Math.log(row.reduce((total, value) => total + Math.exp(value - largest), 0));
    for (let i = 0; i < row.length; i++) if (labels[i] !== 0) sum += (labels[i] * (logSum - row[i])) / rows;
  });
  loss.data[0] = sum;
};

export const softmaxCrossEntropyGradient: ReferenceKernel = (inputs, [dx]) => {
  visitRows(inputs, (row, labels, from, rows) => {
    const total = labels.reduce((a, b) => a + b, 0);
    softmaxOf(row).forEach((p, i) => {
      dx.data[from + i] = (p * total - labels[i]) / rows;
    });
  });
};

export const categoricalCrossEntropy: ReferenceKernel = (inputs, [loss]) => {
  let sum = 0;
  visitRows(inputs, (row, labels, _from, rows) => {
    const total = row.reduce((a, b) => a + b, 0);
    for (let i = 0; i < row.length; i++) sum -= (labels[i] * Math.log(clip(row[i] / total))) / rows;
  });
  loss.data[0] = sum;
};

export const categoricalCrossEntropyGradient: ReferenceKernel = (inputs, [dx]) => {
  visitRows(inputs, (row, labels, from, rows) => {
    const total = row.reduce((a, b) => a + b, 0);
    const live = row.map((value, i) => (clipped(value / total) ? 0 : labels[i]));
    const shared = live.reduce((a, b) => a + b, 0) / total;
    row.forEach((value, i) => {
      dx.data[from + i] = (shared - (live[i] === 0 ? 0 : live[i] / value)) / rows;
    });
  });
};
