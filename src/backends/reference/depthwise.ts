import { visitWindows } from "./convolution.ts";
import type { ReferenceKernel } from "./kernel.ts";

export const depthwiseConv2d: ReferenceKernel = ([x, kernel], [y], attributes) => {
  const [kernelHeight, kernelWidth, channels, multiplier] = kernel.shape;
  const outputs = channels * multiplier;
  const sums = new Float64Array(y.data.length);
  visitWindows(x.shape, [kernelHeight, kernelWidth], y.shape, attributes, (xPixel, yPixel, tap) => {
    for (let o = 0; o < outputs; o++) {
      const value = x.data[xPixel * channels + Math.floor(o / multiplier)];
      sums[yPixel * outputs + o] += value * kernel.data[tap * outputs + o];
    }
  });
  y.data.set(sums);
};

export const depthwiseConv2dInputGradient: ReferenceKernel = ([dy, kernel], [dx], attributes) => {
  const [kernelHeight, kernelWidth, channels, multiplier] = kernel.shape;
  const outputs = channels * multiplier;
  const sums = new Float64Array(dx.data.length);
  visitWindows(dx.shape, [kernelHeight, kernelWidth], dy.shape, attributes, (xPixel, yPixel, tap) => {
    for (let o = 0; o < outputs; o++) {
      const to = xPixel * channels + Math.floor(o / multiplier);
      sums[to] += dy.data[yPixel * outputs + o] * kernel.data[tap * outputs + o];
    }
  });
  dx.data.set(sums);
};

export const depthwiseConv2dKernelGradient: ReferenceKernel = ([x, dy], [dkernel], attributes) => {
  const [kernelHeight, kernelWidth, channels, multiplier] = dkernel.shape;
  const outputs = channels * multiplier;
  const sums = new Float64Array(dkernel.data.length);
  visitWindows(x.shape, [kernelHeight, kernelWidth], dy.shape, attributes, (xPixel, yPixel, tap) => {
    for (let o = 0; o < outputs; o++) {
      const value = x.data[xPixel * channels + Math.floor(o / multiplier)];
      sums[tap * outputs + o] += value * dy.data[yPixel * outputs + o];
    }
  });
  dkernel.data.set(sums);
};
