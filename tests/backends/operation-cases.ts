import type { OperationName } from "../../src/core/operations/table.ts";
import {
  exact,
  folding,
  type InputCase,
  longSum,
  normal,
  type OperationCase,
  rounding,
  steep,
  sum,
} from "./operation-case.ts";
import {
  biased,
  binary,
  blockShapes,
  bounded,
  channelParts,
  convolutionShapes,
  eachActivation,
  eachConvolution,
  eachDepthwise,
  eachNorm,
  eachPool,
  eachProduct,
  eachWindow,
  edgeShapes,
  globalShapes,
  inputSize,
  lengths,
  logits,
  lossOf,
  mapOf,
  outputSize,
  positive,
  probabilities,
  real,
  rows,
  slopeOf,
  titled,
  updateOf,
  weightShapes,
  whole,
  winners,
} from "./operation-case-shapes.ts";

/** Shapes and values that every backend has to get right, for every operation. */
export const operationCases: Readonly<Record<OperationName, readonly OperationCase[]>> = {
  conv2d: eachConvolution(
    (_, { x, kernel, window, size }) => ({
      inputs: { x, kernel },
      attributes: { ...window, outputHeight: size[0], outputWidth: size[1] },
    }),
    [...convolutionShapes, ...blockShapes, ...weightShapes, ...edgeShapes],
  ),
  conv2dInputGradient: eachConvolution((shape, { kernel, window, size, filters }) => ({
    inputs: { dy: whole([shape.x[0], ...size, filters]), kernel },
    attributes: { ...window, ...inputSize(shape.x) },
  })),
  conv2dKernelGradient: eachConvolution(
    (shape, { x, window, size, filters }) => ({
      inputs: { x, dy: whole([shape.x[0], ...size, filters]) },
      attributes: { ...window, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
    }),
    [...convolutionShapes, ...blockShapes],
  ),
  convBias: eachActivation(
    (activation) =>
      eachConvolution(
        (_, { x, kernel, bias, window, size }) => ({
          inputs: { x, kernel, bias },
          attributes: { ...window, activation, convHeight: size[0], convWidth: size[1] },
        }),
        [...convolutionShapes, ...weightShapes.slice(0, 3), ...edgeShapes.slice(0, 3)],
      ),
    [0, 1, 2],
  ),
  convBiasKernelGradient: eachActivation(
    (activation) =>
      eachConvolution(
        (shape, { x, window, size, filters }) => {
          const y = [shape.x[0], ...size, filters];
          // some of y at ReLU6's ceiling, some beyond
          return {
            inputs: { x, dy: whole(y), y: whole(y, activation === 2 ? 8 : 2) },
            attributes: {
              ...window,
              activation,
              kernelHeight: shape.kernel[0],
              kernelWidth: shape.kernel[1],
            },
          };
        },
        [...convolutionShapes, ...blockShapes],
      ),
    [0, 1, 2],
  ),
  convBiasInputGradient: eachActivation(
    (activation) =>
      eachConvolution((shape, { kernel, window, size, filters }) => {
        const y = [shape.x[0], ...size, filters];
        return {
          inputs: { dy: whole(y), y: whole(y, activation === 2 ? 8 : 2), kernel },
          attributes: { ...window, activation, ...inputSize(shape.x) },
        };
      }),
    [0, 1, 2],
  ),
  convPool: eachPool((_, { x, kernel, bias }, attributes) => ({ inputs: { x, kernel, bias }, attributes })),
  convPoolInference: eachPool((_, { x, kernel, bias }, attributes) => ({
    inputs: { x, kernel, bias },
    attributes,
  })),
  convPoolKernelGradient: eachPool((shape, { x }, attributes, y) => ({
    inputs: { x, dy: whole(y), position: winners(y, attributes) },
    attributes: { ...attributes, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
  })),
  convPoolInputGradient: eachPool((shape, { kernel }, attributes, y) => ({
    inputs: { dy: whole(y), position: winners(y, attributes), kernel },
    attributes: { ...attributes, ...inputSize(shape.x) },
  })),

  depthwiseConv2d: eachDepthwise((_, { x, kernel, window, size }) => ({
    inputs: { x, kernel },
    attributes: { ...window, outputHeight: size[0], outputWidth: size[1] },
  })),
  depthwiseConv2dInputGradient: eachDepthwise((shape, { kernel, window }, y) => ({
    inputs: { dy: whole(y), kernel },
    attributes: { ...window, ...inputSize(shape.x) },
  })),
  depthwiseConv2dKernelGradient: eachDepthwise((shape, { x, window }, y) => ({
    inputs: { x, dy: whole(y) },
    attributes: { ...window, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
  })),
  depthwiseBias: [0, 1, 2].flatMap((activation) =>
    eachDepthwise((_, { x, kernel, window, size }, y) => ({
      inputs: { x, kernel, bias: whole(y.slice(-1)) },
      attributes: { ...window, activation, convHeight: size[0], convWidth: size[1] },
    })),
  ),

  batchNorm: eachNorm(normal, [0, 1, 2], (_shape, x, { gamma, beta }) => ({ x, gamma, beta })),
  batchNormParameterGradient: eachNorm(longSum, [0, 1, 2], (shape, x, statistics) => ({
    x,
    dy: real(shape, -1, 1),
    ...statistics,
  })),
  batchNormInputGradient: eachNorm(normal, [0, 1, 2], (shape, x, statistics) => ({
    x,
    dy: real(shape, -1, 1),
    ...statistics,
    dgamma: real(shape.slice(-1), -5, 5),
    dbeta: real(shape.slice(-1), -5, 5),
  })),
  movingAverage: lengths.map((shape) => ({
    ...titled(shape),
    inputs: { moving: real(shape), value: real(shape) },
    attributes: { momentum: 0.99 },
    tolerance: rounding,
  })),
  scaleShift: eachNorm(
    normal,
    [0, 1, 2],
    (_shape, x, { gamma, beta }) => ({ x, scale: gamma, shift: beta }),
    {},
  ),
  foldBatchNorm: [[1, 1, 1, 1], [3, 3, 3, 17], [3, 3, 17, 2], [1, 1, 40, 33], [5]].map((kernel) => {
    const channels = [kernel[kernel.length - 1] === 2 ? 34 : kernel[kernel.length - 1]];
    const vectors = {
      bias: real(channels),
      gamma: real(channels),
      beta: real(channels),
      mean: real(channels),
    };
    return {
      ...titled(kernel),
      inputs: { kernel: real(kernel), ...vectors, variance: real(channels, 0.01, 4) },
      attributes: { epsilon: 1e-3 },
      tolerance: folding,
    };
  }),

  matmul: eachProduct((m, k, n) => ({ x: whole([m, k]), kernel: whole([k, n]) })),
  matmulInputGradient: eachProduct((m, k, n) => ({ dy: whole([m, n]), kernel: whole([k, n]) })),
  matmulKernelGradient: eachProduct((m, k, n) => ({ x: whole([m, k]), dy: whole([m, n]) })),
  addBias: biased.map((shape) => ({
    ...titled(shape),
    inputs: { x: whole(shape), bias: whole([shape[shape.length - 1]]) },
    attributes: {},
    tolerance: exact,
  })),
  biasGradient: biased.map((shape) => ({
    ...titled(shape),
    inputs: { dy: whole(shape) },
    attributes: {},
    tolerance: exact,
  })),

  add: lengths.map((shape) => ({
    ...titled(shape),
    inputs: { a: whole(shape), b: whole(shape) },
    attributes: {},
    tolerance: exact,
  })),
  multiply: lengths.map((shape) => ({
    ...titled(shape),
    inputs: { a: whole(shape), b: whole(shape) },
    attributes: {},
    tolerance: exact,
  })),
  concatenate: channelParts.map(([rest, left, right]) => ({
    ...titled([...rest, left, right]),
    inputs: { a: real([...rest, left]), b: real([...rest, right]) },
    attributes: {},
    tolerance: exact,
  })),
  sliceChannels: channelParts.flatMap(([rest, left, right]) =>
    [
      { first: 0, count: left },
      { first: left, count: right },
    ].map((attributes) => ({
      title: `${attributes.count} from ${attributes.first} of ${[...rest, left + right].join("x")}`,
      inputs: { x: real([...rest, left + right]) },
      attributes,
      tolerance: exact,
    })),
  ),
  scaleChannels: [
    [1, 1, 1, 1],
    [3, 5, 7, 17],
    [2, 3, 3, 33],
    [5, 41, 1, 1],
    [2, 90, 45, 19],
  ].map((x) => ({
    ...titled(x),
    inputs: { x: whole(x), scale: whole([x[0], x[3]]) },
    attributes: {},
    tolerance: exact,
  })),
  fill: [1, 17, 16384 + 5].map((length) => ({
    title: `${length}`,
    inputs: {},
    attributes: { value: 1.5, length },
    tolerance: exact,
  })),
  rescale: lengths.flatMap((shape) => [
    {
      title: `${shape.join("x")} float32`,
      inputs: { x: real(shape, 0, 255) },
      attributes: { scale: 1 / 127.5, offset: -1 },
      tolerance: rounding,
    },
    {
      title: `${shape.join("x")} uint8`,
      inputs: { x: { shape, dtype: "uint8" as const, fill: { integers: [0, 255] } } },
      attributes: { scale: 1 / 255, offset: 0.5 },
      tolerance: rounding,
    },
  ]),
  dropout: [0, 0.3, 0.5, 0.999, 1].flatMap((rate) =>
    lengths.map((shape) => ({
      title: `${shape.join("x")}, rate ${rate}`,
      inputs: {
        x: real(shape, 1, 2),
        random: { shape: [4], dtype: "uint32" as const, fill: { integers: [0, 2 ** 32 - 1] } },
      },
      attributes: { rate, stream: 3 },
      tolerance: rounding,
    })),
  ),

  relu: mapOf(),
  reluGradient: slopeOf(),
  relu6: mapOf(),
  relu6Gradient: slopeOf(),
  boundedRelu: bounded.flatMap((attributes) => mapOf(attributes)),
  boundedReluGradient: bounded.flatMap((attributes) => slopeOf(attributes)),
  leakyRelu: mapOf({ slope: 0.3 }),
  leakyReluGradient: slopeOf({ slope: 0.3 }),
  elu: mapOf({ alpha: 1.5 }),
  eluGradient: slopeOf({ alpha: 1.5 }),
  selu: mapOf(),
  seluGradient: slopeOf(),
  sigmoid: mapOf(),
  sigmoidGradient: slopeOf({}, [0, 1]),
  tanh: mapOf(),
  tanhGradient: slopeOf({}, [-1, 1]),
  exponential: mapOf(),
  exponentialGradient: slopeOf({}, [0, 9]),
  softplus: mapOf(),
  softplusGradient: slopeOf(),
  softsign: mapOf(),
  softsignGradient: slopeOf(),
  silu: mapOf(),
  siluGradient: slopeOf(),
  gelu: mapOf(),
  geluGradient: slopeOf(),
  geluApproximate: mapOf(),
  geluApproximateGradient: slopeOf().map((one) => ({ ...one, tolerance: steep })),
  hardSigmoid: mapOf(),
  hardSigmoidGradient: slopeOf(),
  mish: mapOf(),
  mishGradient: slopeOf(),
  softmax: rows.map((shape) => ({
    ...titled(shape),
    inputs: { x: real(shape, -20, 20) },
    attributes: {},
    tolerance: sum,
  })),
  softmaxGradient: rows.map((shape) => ({
    ...titled(shape),
    inputs: { dy: real(shape, -1, 1), from: real(shape, 0, 1 / shape[1]) },
    attributes: {},
    tolerance: sum,
  })),

  maxPool2d: eachWindow(exact, (x, y, window) => ({
    inputs: { x: whole(x) },
    attributes: { ...window, ...outputSize(y) },
  })),
  maxPool2dGradient: eachWindow(exact, (x, y, window) => {
    const attributes = { ...window, ...inputSize(x) };
    const dtype = window.poolHeight * window.poolWidth <= 255 ? "uint8" : "int32";
    const position: InputCase = { shape: y, dtype, fill: { winnersOf: attributes } };
    return { inputs: { dy: whole(y), position }, attributes };
  }),
  averagePool2d: eachWindow(rounding, (x, y, window) => ({
    inputs: { x: real(x) },
    attributes: { ...window, ...outputSize(y) },
  })),
  averagePool2dGradient: eachWindow(rounding, (x, y, window) => ({
    inputs: { dy: real(y) },
    attributes: { ...window, ...inputSize(x) },
  })),
  globalAveragePool2d: globalShapes.map((x) => ({
    ...titled(x),
    inputs: { x: real(x) },
    attributes: {},
    tolerance: sum,
  })),
  globalAveragePool2dGradient: globalShapes.map((x) => ({
    ...titled(x),
    inputs: { dy: real([x[0], x[3]]) },
    attributes: inputSize(x),
    tolerance: rounding,
  })),

  sigmoidCrossEntropy: lossOf(logits, binary),
  sigmoidCrossEntropyGradient: lossOf(logits, binary),
  binaryCrossEntropy: lossOf(probabilities, binary),
  binaryCrossEntropyGradient: lossOf(probabilities, binary),
  softmaxCrossEntropy: lossOf(logits, { oneHot: true }),
  softmaxCrossEntropyGradient: lossOf(logits, { oneHot: true }),
  categoricalCrossEntropy: lossOf(positive, { oneHot: true }),
  categoricalCrossEntropyGradient: lossOf(positive, { oneHot: true }),

  sgdUpdate: updateOf({}, () => ({})),
  momentumUpdate: [
    ...updateOf({ momentum: 0.9, nesterov: 0 }, (shape) => ({ velocity: real(shape, -1, 1) })),
    ...updateOf({ momentum: 0.9, nesterov: 1 }, (shape) => ({ velocity: real(shape, -1, 1) })),
  ],
  adamUpdate: updateOf({ beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, (shape) => ({
    momentum: real(shape, -1, 1),
    velocity: real(shape, 0, 1),
  })),

  multiplyAddChains: [1, 3].flatMap((rows) =>
    [1, 2, 7].map((repeats) => ({
      title: `${rows} rows, ${repeats} repeats`,
      inputs: { x: whole([rows, 192]) },
      attributes: { repeats, factor: 0.5, term: 1 },
      tolerance: exact,
    })),
  ),
  triad: lengths.flatMap((shape) =>
    [0, 1].map((streaming) => ({
      title: `${shape.join("x")}, streaming ${streaming}`,
      inputs: { a: real(shape), b: real(shape) },
      attributes: { factor: 3, streaming },
      tolerance: rounding,
    })),
  ),
};
