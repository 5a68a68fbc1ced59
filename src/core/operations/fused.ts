import { defineOperation } from "./define.ts";

/**
 * What the fusion pass puts in place of convolution, bias, activation and pooling (`fusion/`). Nothing records them
 * directly, so they have no gradient rules: the pass rewrites the backward part too.
 *
 * `activation` is 0 for none, 1 for ReLU and, in `convBias` and `depthwiseBias`, 2 for ReLU6. Pools do not overlap
 * (stride = pool), are not padded, and hold at most 255 positions; `position` says which one of its window won (row-major,
 * the first of equals), so that the unpooled activation is never written. It is 255 where ReLU is on and y is 0: no
 * gradient flows, and the gradients need no y.
 */
const convolutionWindow = ["strideHeight", "strideWidth", "padTop", "padLeft"] as const;
const pool = ["poolHeight", "poolWidth"] as const;
/** Size of the convolution's own output, before pooling. */
const convolutionSize = ["convHeight", "convWidth"] as const;

/** y = activation(conv2d(x, kernel) + bias). */
export const convBias = defineOperation({
  name: "convBias",
  inputs: ["x", "kernel", "bias"],
  outputs: ["y"],
  attributes: [...convolutionWindow, "activation", ...convolutionSize],
  infer: ({ x, kernel }, { convHeight, convWidth }) => ({
    y: { shape: [x.shape[0], convHeight, convWidth, kernel.shape[3]] },
  }),
});

/** y = activation(depthwiseConv2d(x, kernel) + bias). bias [channels * multiplier]. */
export const depthwiseBias = defineOperation({
  name: "depthwiseBias",
  inputs: ["x", "kernel", "bias"],
  outputs: ["y"],
  attributes: [...convolutionWindow, "activation", ...convolutionSize],
  infer: ({ x, bias }, { convHeight, convWidth }) => ({
    y: { shape: [x.shape[0], convHeight, convWidth, bias.shape[0]] },
  }),
});

/** Gradients of `convBias` with respect to the kernel and the bias. */
export const convBiasKernelGradient = defineOperation({
  name: "convBiasKernelGradient",
  inputs: ["x", "dy", "y"],
  outputs: ["dkernel", "dbias"],
  attributes: [...convolutionWindow, "activation", "kernelHeight", "kernelWidth"],
  infer: ({ x, dy }, { kernelHeight, kernelWidth }) => ({
    dkernel: { shape: [kernelHeight, kernelWidth, x.shape[3], dy.shape[3]] },
    dbias: { shape: [dy.shape[3]] },
  }),
});

/** Gradient of `convBias` with respect to x. */
export const convBiasInputGradient = defineOperation({
  name: "convBiasInputGradient",
  inputs: ["dy", "y", "kernel"],
  outputs: ["dx"],
  attributes: [...convolutionWindow, "activation", "inputHeight", "inputWidth"],
  infer: ({ dy, kernel }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, kernel.shape[2]] },
  }),
});

/** y, position = maxPool2d(activation(conv2d(x, kernel) + bias)); y [batch, floor(convHeight/poolHeight), …, out]. */
export const convPool = defineOperation({
  name: "convPool",
  inputs: ["x", "kernel", "bias"],
  outputs: ["y", "position"],
  attributes: [...convolutionWindow, "activation", ...convolutionSize, ...pool],
  infer: ({ x, kernel }, { convHeight, convWidth, poolHeight, poolWidth }) => {
    const height = Math.floor(convHeight / poolHeight);
    const shape = [x.shape[0], height, Math.floor(convWidth / poolWidth), kernel.shape[3]];
    return { y: { shape }, position: { shape, dtype: "uint8" } };
  },
});

/** `convPool` where nothing flows back: y alone. */
export const convPoolInference = defineOperation({
  name: "convPoolInference",
  inputs: convPool.inputs,
  outputs: ["y"],
  attributes: convPool.attributes,
  infer: (inputs, attributes) => ({ y: convPool.infer(inputs, attributes).y }),
});

/** Gradients of `convPool` with respect to the kernel and the bias. */
export const convPoolKernelGradient = defineOperation({
  name: "convPoolKernelGradient",
  inputs: ["x", "dy", "position"],
  outputs: ["dkernel", "dbias"],
  attributes: [...convolutionWindow, "kernelHeight", "kernelWidth", ...convolutionSize, ...pool],
  infer: ({ x, dy }, { kernelHeight, kernelWidth }) => ({
    dkernel: { shape: [kernelHeight, kernelWidth, x.shape[3], dy.shape[3]] },
    dbias: { shape: [dy.shape[3]] },
  }),
});

/** Gradient of `convPool` with respect to x. */
export const convPoolInputGradient = defineOperation({
  name: "convPoolInputGradient",
  inputs: ["dy", "position", "kernel"],
  outputs: ["dx"],
  attributes: [...convolutionWindow, "inputHeight", "inputWidth", ...convolutionSize, ...pool],
  infer: ({ dy, kernel }, { inputHeight, inputWidth }) => ({
    dx: { shape: [dy.shape[0], inputHeight, inputWidth, kernel.shape[2]] },
  }),
});
