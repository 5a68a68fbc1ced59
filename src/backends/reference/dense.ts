import type { ReferenceKernel } from "./kernel.ts";

export const matmul: ReferenceKernel = ([x, kernel], [y]) => {
  const [rows, inner] = x.shape;
  const units = kernel.shape[1];
  const sums = new Float64Array(units);
  for (let r = 0; r < rows; r++) {
    sums.fill(0);
    for (let i = 0; i < inner; i++) {
      const value = x.data[r * inner + i];
      for (let o = 0; o < units; o++) sums[o] += value * kernel.data[i * units + o];
    }
    y.data.set(sums, r * units);
  }
};

export const matmulInputGradient: ReferenceKernel = ([dy, kernel], [dx]) => {
  const [rows, units] = dy.shape;
  const inner = kernel.shape[0];
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < inner; i++) {
      let sum = 0;
      for (let o = 0; o < units; o++) sum += dy.data[r * units + o] * kernel.data[i * units + o];
      dx.data[r * inner + i] = sum;
    }
};

export const matmulKernelGradient: ReferenceKernel = ([x, dy], [dkernel]) => {
  const [rows, inner] = x.shape;
  const units = dy.shape[1];
  const sums = new Float64Array(units);
  for (let i = 0; i < inner; i++) {
    sums.fill(0);
    for (let r = 0; r < rows; r++) {
      const value = x.data[r * inner + i];
      for (let o = 0; o < units; o++) sums[o] += value * dy.data[r * units + o];
    }
    dkernel.data.set(sums, i * units);
  }
};

export const addBias: ReferenceKernel = ([x, bias], [y]) => {
  const channels = bias.data.length;
  for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[i] + bias.data[i % channels];
};

export const biasGradient: ReferenceKernel = ([dy], [dbias]) => {
  const sums = new Float64Array(dbias.data.length);
  for (let i = 0; i < dy.data.length; i++) sums[i % sums.length] += dy.data[i];
  dbias.data.set(sums);
};
