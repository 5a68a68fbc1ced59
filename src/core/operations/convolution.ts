import { defineOperation } from "./define.ts";

/**
 * y[n, i, j, o] = sum over p, q, c of x[n, i*strideHeight + p - padTop, j*strideWidth + q - padLeft, c] * kernel[p, q, c, o];
 * outside of x is zero. The output's size is an attribute, since it settles the padding at the bottom and the right.
 * x [batch, height, width, in], kernel [kernelHeight, kernelWidth, in, out], y [batch, outputHeight, outputWidth, out].
 */
export const conv2d = defineOperation({
  name: "conv2d",
  inputs: ["x", "kernel"],
  outputs: ["y"],
  attributes: ["strideHeight", "strideWidth", "padTop", "padLeft", "outputHeight", "outputWidth"],
  infer: ({ x, kernel }, { outputHeight, outputWidth }) => ({
    y: { shape: [x.shape[0], outputHeight, outputWidth, kernel.shape[3]] },
  }),
  gradients: {
    x: (
      recorder,
      { inputs: { x, kernel }, attributes: { outputHeight: _, outputWidth: __, ...window } },
      dy,
    ) =>
      recorder.apply(
        conv2dInputGradient,
        { dy, kernel },
        { ...window, inputHeight: x.shape[1], inputWidth: x.shape[2] },
      ).dx,
    kernel: (
      recorder,
      { inputs: { x, kernel }, attributes: { outputHeight: _, outputWidth: __, ...window } },
      dy,
    ) =>
      recorder.apply(
        conv2dKernelGradient,
        { x, dy },
        { ...window, kernelHeight: kernel.shape[0], kernelWidth: kernel.shape[1] },
      ).dkernel,
  },
});

/** Gradient of `conv2d` with respect to x: the transposed convolution of dy. */
export const conv2dInputGradient = defineOperation({
  name: "conv2dInputGradient",
  inputs: ["dy", "kernel"],
  outputs: ["dx"],
  attributes: ["strideHeight", "strideWidth", "padTop", "padLeft", "inputHeight", "inputWidth"],
  infer: ({ dy, kernel }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, kernel.shape[2]] },
  }),
});

/** Gradient of `conv2d` with respect to the kernel, summed over batch and positions. */
export const conv2dKernelGradient = defineOperation({
  name: "conv2dKernelGradient",
  inputs: ["x", "dy"],
  outputs: ["dkernel"],
  attributes: ["strideHeight", "strideWidth", "padTop", "padLeft", "kernelHeight", "kernelWidth"],
  infer: ({ x, dy }, { kernelHeight, kernelWidth }) => ({
    dkernel: { shape: [kernelHeight, kernelWidth, x.shape[3], dy.shape[3]] },
  }),
});
