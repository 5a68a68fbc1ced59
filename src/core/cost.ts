import { elementCount } from "../util/shapes.ts";
import * as activations from "./operations/activations.ts";
import * as losses from "./operations/losses.ts";
import type { OperationName } from "./operations/table.ts";
import { bytesPerElement, type ProgramNode, type Tensor } from "./program.ts";

/** What one call of an operation costs, whoever computes it and however. */
export interface Cost {
  /**
   * Nominal: each multiplication, addition, comparison or function of a number is one, as the definition says it, zeros of
   * padding included. A fused operation costs what its parts do, also where it can leave out what a pool throws away.
   */
  readonly flops: number;
  /** What it has to move at least: every input once, every output once. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export function costOf(node: ProgramNode): Cost {
  return {
    flops: flopsOf[node.operation](node),
    bytesRead: bytesOf(node.inputs),
    bytesWritten: bytesOf(node.outputs),
  };
}

/** FLOPs per byte moved: the abscissa of a roofline. */
export function intensityOf({ flops, bytesRead, bytesWritten }: Cost): number {
  return flops / (bytesRead + bytesWritten);
}

type Flops = (node: ProgramNode) => number;

const sizeOf = ({ shape }: Tensor): number => elementCount(shape);

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, tensor) => sum + sizeOf(tensor) * bytesPerElement[tensor.dtype], 0);
}

/** So many for each element of the first output. */
const perOutput =
  (count: number): Flops =>
  ({ outputs: [y] }) =>
    count * sizeOf(y);

/** So many for each element of an input. */
const perInput =
  (index: number, count: number): Flops =>
  ({ inputs }) =>
    count * sizeOf(inputs[index]);

/** The same for all operations of a file. */
function each<Name extends string>(names: Readonly<Record<Name, unknown>>, flops: Flops) {
  return Object.fromEntries(Object.keys(names).map((name) => [name, flops])) as Record<Name, Flops>;
}

/**
 * A multiplication and an addition for every pixel of the convolution and every element of the kernel, which in a depthwise
 * convolution as in a dense one are a window's taps times the channels that they lead to; and `more` for each value.
 */
const convolution =
  (kernelOf: (node: ProgramNode) => Tensor, yOf: (node: ProgramNode) => Tensor, more = 0): Flops =>
  (node) => {
    const [batch, height, width, channels] = yOf(node).shape;
    const { convHeight = height, convWidth = width } = node.attributes;
    const pixels = batch * convHeight * convWidth;
    return pixels * (2 * sizeOf(kernelOf(node)) + more * channels);
  };

const input = (index: number) => (node: ProgramNode) => node.inputs[index];
const output = ({ outputs }: ProgramNode) => outputs[0];

/** Rows of x times the kernel. */
const product =
  (rowsOf: (node: ProgramNode) => Tensor, kernelOf: (node: ProgramNode) => Tensor): Flops =>
  (node) =>
    2 * rowsOf(node).shape[0] * sizeOf(kernelOf(node));

/** Every place of every window. */
const pool =
  (pooledOf: (node: ProgramNode) => Tensor): Flops =>
  (node) =>
    sizeOf(pooledOf(node)) * node.attributes.poolHeight * node.attributes.poolWidth;

const flopsOf: Readonly<Record<OperationName, Flops>> = {
  ...each(activations, perOutput(1)),
  softmax: perOutput(5), // largest, difference, power, sum, quotient
  softmaxGradient: perOutput(4),
  ...each(losses, perInput(0, 5)),

  conv2d: convolution(input(1), output),
  conv2dInputGradient: convolution(input(1), input(0)),
  conv2dKernelGradient: convolution(output, input(1)),
  depthwiseConv2d: convolution(input(1), output),
  depthwiseConv2dInputGradient: convolution(input(1), input(0)),
  depthwiseConv2dKernelGradient: convolution(output, input(1)),
  // bias and activation, and the comparison of a pool; backward, the activation's slope and the bias's sum
  convBias: convolution(input(1), output, 2),
  depthwiseBias: convolution(input(1), output, 2),
  convBiasKernelGradient: convolution(output, input(1), 2),
  convBiasInputGradient: convolution(input(2), input(0), 1),
  convPool: convolution(input(1), output, 3),
  convPoolInference: convolution(input(1), output, 3),
  convPoolKernelGradient: convolution(output, input(1), 2),
  convPoolInputGradient: convolution(input(2), input(0), 1),

  matmul: product(input(0), input(1)),
  matmulInputGradient: product(input(0), input(1)),
  matmulKernelGradient: product(input(0), output),
  addBias: perOutput(1),
  biasGradient: perInput(0, 1),
  add: perOutput(1),
  multiply: perOutput(1),
  concatenate: () => 0,
  sliceChannels: () => 0,
  scaleChannels: perOutput(1),
  fill: () => 0,
  rescale: perOutput(2),
  dropout: perOutput(2),

  maxPool2d: pool(output),
  maxPool2dGradient: perInput(0, 1),
  averagePool2d: pool(output),
  averagePool2dGradient: pool(input(0)),
  globalAveragePool2d: perInput(0, 1),
  globalAveragePool2dGradient: perOutput(1),

  batchNorm: perOutput(7), // a sum for the mean; difference, square and sum for the variance; difference, product, sum
  batchNormParameterGradient: perInput(0, 4),
  batchNormInputGradient: perOutput(6),
  movingAverage: perOutput(3),
  scaleShift: perOutput(2),
  foldBatchNorm: perOutput(1),

  sgdUpdate: perOutput(2),
  momentumUpdate: perOutput(4),
  adamUpdate: perOutput(12), // 3 for the momentum, 4 for the velocity, 5 for the weight

  multiplyAddChains: (node) => 2 * node.attributes.repeats * sizeOf(output(node)),
  triad: perOutput(2),
};
