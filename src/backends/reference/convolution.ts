import type { ReferenceKernel, TensorData } from "./kernel.ts";

type Attributes = Readonly<Record<string, number>>;

/** Calls `visit` with the flat indices of every x and y that meet, and of the kernel's [p, q, 0, 0]. */
export function visitWindows(
  x: readonly number[],
  kernel: readonly [number, number],
  y: readonly number[],
  { strideHeight, strideWidth, padTop, padLeft }: Attributes,
  visit: (xPixel: number, yPixel: number, tap: number) => void,
): void {
  const [batch, height, width] = x;
  const [, outputHeight, outputWidth] = y;
  for (let n = 0; n < batch; n++)
    for (let i = 0; i < outputHeight; i++)
      for (let j = 0; j < outputWidth; j++)
        for (let p = 0; p < kernel[0]; p++)
          for (let q = 0; q < kernel[1]; q++) {
            const row = i * strideHeight + p - padTop;
            const column = j * strideWidth + q - padLeft;
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            visit(
              (n * height + row) * width + column,
              (n * outputHeight + i) * outputWidth + j,
              p * kernel[1] + q,
            );
          }
}

export const conv2d: ReferenceKernel = ([x, kernel], [y], attributes) => {
  const [kernelHeight, kernelWidth, channels, filters] = kernel.shape;
  const sums = new Float64Array(y.data.length);
  visitWindows(x.shape, [kernelHeight, kernelWidth], y.shape, attributes, (xPixel, yPixel, tap) => {
    for (let c = 0; c < channels; c++) {
      const value = x.data[xPixel * channels + c];
      const from = (tap * channels + c) * filters;
      for (let o = 0; o < filters; o++) sums[yPixel * filters + o] += value * kernel.data[from + o];
    }
  });
  y.data.set(sums);
};

export const conv2dInputGradient: ReferenceKernel = ([dy, kernel], [dx], attributes) => {
  const [kernelHeight, kernelWidth, channels, filters] = kernel.shape;
  const sums = new Float64Array(dx.data.length);
  visitWindows(dx.shape, [kernelHeight, kernelWidth], dy.shape, attributes, (xPixel, yPixel, tap) => {
    for (let c = 0; c < channels; c++) {
      const from = (tap * channels + c) * filters;
      for (let o = 0; o < filters; o++) {
        sums[xPixel * channels + c] += dy.data[yPixel * filters + o] * kernel.data[from + o];
      }
    }
  });
  dx.data.set(sums);
};

export const conv2dKernelGradient: ReferenceKernel = ([x, dy], [dkernel], attributes) => {
  const [kernelHeight, kernelWidth, channels, filters] = dkernel.shape;
  const sums = new Float64Array(dkernel.data.length);
  visitWindows(x.shape, [kernelHeight, kernelWidth], dy.shape, attributes, (xPixel, yPixel, tap) => {
    for (let c = 0; c < channels; c++) {
      const value = x.data[xPixel * channels + c];
      const to = (tap * channels + c) * filters;
      for (let o = 0; o < filters; o++) sums[to + o] += value * dy.data[yPixel * filters + o];
    }
  });
  dkernel.data.set(sums);
};

/** A tensor for what lies between the parts of a fused operation. */
export function scratch(shape: readonly number[]): TensorData {
  return { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape };
}
