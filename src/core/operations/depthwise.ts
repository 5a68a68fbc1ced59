import { defineOperation, type Operation } from "./define.ts";

const window = ["strideHeight", "strideWidth", "padTop", "padLeft"] as const;

/**
 * Each channel is convolved with `multiplier` kernels of its own:
 * y[n, i, j, c*multiplier + k] = sum over p, q of
 * x[n, i*strideHeight + p - padTop, j*strideWidth + q - padLeft, c] * kernel[p, q, c, k]; outside of x is zero.
 * x [batch, height, width, channels], kernel [kernelHeight, kernelWidth, channels, multiplier],
 * y [batch, outputHeight, outputWidth, channels * multiplier].
 */
export const depthwiseConv2d = defineOperation({
  name: "depthwiseConv2d",
  inputs: ["x", "kernel"],
  outputs: ["y"],
  attributes: [...window, "outputHeight", "outputWidth"],
  infer: ({ x, kernel }, { outputHeight, outputWidth }) => ({
    y: { shape: [x.shape[0], outputHeight, outputWidth, kernel.shape[2] * kernel.shape[3]] },
  }),
  gradients: {
    x: (recorder, { inputs: { x, kernel }, attributes: { outputHeight: _, outputWidth: __, ...rest } }, dy) =>
      recorder.apply(
        depthwiseConv2dInputGradient,
        { dy, kernel },
        { ...rest, inputHeight: x.shape[1], inputWidth: x.shape[2] },
      ).dx,
    kernel: (
      recorder,
      { inputs: { x, kernel }, attributes: { outputHeight: _, outputWidth: __, ...rest } },
      dy,
    ) =>
      recorder.apply(
        depthwiseConv2dKernelGradient,
        { x, dy },
        { ...rest, kernelHeight: kernel.shape[0], kernelWidth: kernel.shape[1] },
      ).dkernel,
  },
});

/**
 * Gradient of `depthwiseConv2d` with respect to x: its transpose, by which layers spread the pixels of an image too.
 */
export const depthwiseConv2dInputGradient: Operation<
  "depthwiseConv2dInputGradient",
  "dy" | "kernel",
  "dx",
  (typeof window)[number] | "inputHeight" | "inputWidth"
> = {
  name: "depthwiseConv2dInputGradient",
  inputs: ["dy", "kernel"],
  outputs: ["dx"],
  attributes: [...window, "inputHeight", "inputWidth"],
  infer: ({ dy, kernel }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, kernel.shape[2]] },
  }),
  gradients: {
    dy: (
      recorder,
      { inputs: { dy, kernel }, attributes: { inputHeight: _, inputWidth: __, ...rest } },
      ddx,
    ) =>
      recorder.apply(
        depthwiseConv2d,
        { x: ddx, kernel },
        { ...rest, outputHeight: dy.shape[1], outputWidth: dy.shape[2] },
      ).y,
  },
};

/** Gradient of `depthwiseConv2d` with respect to the kernel, summed over batch and positions. */
export const depthwiseConv2dKernelGradient = defineOperation({
  name: "depthwiseConv2dKernelGradient",
  inputs: ["x", "dy"],
  outputs: ["dkernel"],
  attributes: [...window, "kernelHeight", "kernelWidth"],
  infer: ({ x, dy }, { kernelHeight, kernelWidth }) => ({
    dkernel: { shape: [kernelHeight, kernelWidth, x.shape[3], dy.shape[3] / x.shape[3]] },
  }),
});
