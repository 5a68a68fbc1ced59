import { activate, relu6Gradient, reluGradient } from "./activations.ts";
import { conv2d, conv2dInputGradient, conv2dKernelGradient, scratch } from "./convolution.ts";
import { addBias, biasGradient } from "./dense.ts";
import { depthwiseConv2d } from "./depthwise.ts";
import type { ReferenceKernel, TensorData } from "./kernel.ts";
import { maxPool2d, maxPool2dGradient } from "./pooling.ts";

type Attributes = Readonly<Record<string, number>>;

/** A fused operation is, by definition, its parts one after the other. */
export const convBias: ReferenceKernel = ([x, kernel, bias], [y], attributes) => {
  const sum = scratch(y.shape);
  conv2d([x, kernel], [sum], attributes);
  addBiasAndActivate(sum, bias, y, attributes);
};

export const depthwiseBias: ReferenceKernel = ([x, kernel, bias], [y], attributes) => {
  const sum = scratch(y.shape);
  depthwiseConv2d([x, kernel], [sum], attributes);
  addBiasAndActivate(sum, bias, y, attributes);
};

/** `position` where ReLU stops the gradient: no window has such a place. */
const STOPPED = 255;

export const convPool: ReferenceKernel = (inputs, [y, position], attributes) => {
  const activated = convolved(y, attributes);
  convBias(inputs, [activated], attributes);
  maxPool2d([activated], [y, position], poolWindow(attributes));
  if (attributes.activation === 0) return;
  for (let i = 0; i < y.data.length; i++) if (!(y.data[i] > 0)) position.data[i] = STOPPED;
};

export const convPoolInference: ReferenceKernel = (inputs, [y], attributes) => {
  convPool(inputs, [y, scratch(y.shape)], attributes);
};

export const convBiasKernelGradient: ReferenceKernel = ([x, dy, y], [dkernel, dbias], attributes) => {
  const gradient = beforeActivation(dy, y, attributes);
  conv2dKernelGradient([x, gradient], [dkernel], attributes);
  biasGradient([gradient], [dbias], attributes);
};

export const convBiasInputGradient: ReferenceKernel = ([dy, y, kernel], [dx], attributes) => {
  conv2dInputGradient([beforeActivation(dy, y, attributes), kernel], [dx], attributes);
};

export const convPoolKernelGradient: ReferenceKernel = ([x, dy, position], [dkernel, dbias], attributes) => {
  const gradient = beforePool(dy, position, attributes);
  conv2dKernelGradient([x, gradient], [dkernel], attributes);
  biasGradient([gradient], [dbias], attributes);
};

export const convPoolInputGradient: ReferenceKernel = ([dy, position, kernel], [dx], attributes) => {
  conv2dInputGradient([beforePool(dy, position, attributes), kernel], [dx], attributes);
};

function addBiasAndActivate(x: TensorData, bias: TensorData, y: TensorData, attributes: Attributes): void {
  addBias([x, bias], [y], attributes);
  for (let i = 0; i < y.data.length; i++) y.data[i] = activate(y.data[i], attributes.activation);
}

function beforeActivation(dy: TensorData, y: TensorData, attributes: Attributes): TensorData {
  if (attributes.activation === 0) return dy;
  const gradient = scratch(dy.shape);
  const rule = attributes.activation === 2 ? relu6Gradient : reluGradient;
  rule([dy, y], [gradient], attributes);
  return gradient;
}

function beforePool(dy: TensorData, position: TensorData, attributes: Attributes): TensorData {
  const unpooled = convolved(dy, attributes);
  maxPool2dGradient([dy, position], [unpooled], poolWindow(attributes));
  return unpooled;
}

/** Room for the convolution's own output. */
function convolved(y: TensorData, { convHeight, convWidth }: Attributes): TensorData {
  return scratch([y.shape[0], convHeight, convWidth, y.shape[3]]);
}

function poolWindow({ poolHeight, poolWidth }: Attributes): Attributes {
  return { poolHeight, poolWidth, strideHeight: poolHeight, strideWidth: poolWidth, padTop: 0, padLeft: 0 };
}
