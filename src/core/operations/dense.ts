import { defineOperation } from "./define.ts";

/** y = x · kernel. x [rows, in], kernel [in, out], y [rows, out]. */
export const matmul = defineOperation({
  name: "matmul",
  inputs: ["x", "kernel"],
  outputs: ["y"],
  attributes: [],
  infer: ({ x, kernel }) => ({ y: { shape: [x.shape[0], kernel.shape[1]] } }),
  gradients: {
    x: (recorder, { inputs: { kernel } }, dy) => recorder.apply(matmulInputGradient, { dy, kernel }, {}).dx,
    kernel: (recorder, { inputs: { x } }, dy) => recorder.apply(matmulKernelGradient, { x, dy }, {}).dkernel,
  },
});

/** dx = dy · kernelᵀ. */
export const matmulInputGradient = defineOperation({
  name: "matmulInputGradient",
  inputs: ["dy", "kernel"],
  outputs: ["dx"],
  attributes: [],
  infer: ({ dy, kernel }) => ({ dx: { shape: [dy.shape[0], kernel.shape[0]] } }),
});

/** dkernel = xᵀ · dy. */
export const matmulKernelGradient = defineOperation({
  name: "matmulKernelGradient",
  inputs: ["x", "dy"],
  outputs: ["dkernel"],
  attributes: [],
  infer: ({ x, dy }) => ({ dkernel: { shape: [x.shape[1], dy.shape[1]] } }),
});

/** y = x + bias, the bias being added to the last axis. x [..., channels], bias [channels]. */
export const addBias = defineOperation({
  name: "addBias",
  inputs: ["x", "bias"],
  outputs: ["y"],
  attributes: [],
  infer: ({ x }) => ({ y: { shape: x.shape } }),
  gradients: {
    x: (_recorder, _call, dy) => dy,
    bias: (recorder, _call, dy) => recorder.apply(biasGradient, { dy }, {}).dbias,
  },
});

/** dbias = dy summed over all axes but the last. */
export const biasGradient = defineOperation({
  name: "biasGradient",
  inputs: ["dy"],
  outputs: ["dbias"],
  attributes: [],
  infer: ({ dy }) => ({ dbias: { shape: [dy.shape[dy.shape.length - 1]] } }),
});
