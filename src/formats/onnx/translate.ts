import type { OperationName } from "../../core/operations/table.ts";
import type { Buffer, ProgramNode, Tensor } from "../../core/program.ts";
import { InputError } from "../../util/errors.ts";
import type { OnnxGraph } from "./graph.ts";
import { addKernel, type MadeKernel, madeKernel } from "./kernels.ts";
import type { OnnxAttribute } from "./messages.ts";
import { addPad, sidesOf, withZerosAround } from "./pads.ts";

/** What is known while the calls of a program are translated. */
export interface Translation {
  readonly graph: OnnxGraph;
  /** Arrays that depend on nothing. */
  readonly fills: Map<Buffer, Float32Array>;
  /** Kernels that are made of weights. */
  readonly kernels: Map<Buffer, MadeKernel>;
  /** Normalisations that wait for what they normalise, by the scale that they are folded to. */
  readonly normalizations: Map<Buffer, ProgramNode>;
}

/** Writes down what an operation is in ONNX. `name` is the layer's and the operation's. */
type Translate = (translation: Translation, node: ProgramNode, name: string) => void;

/** An operator of one input that takes any shape. */
const elementwise =
  (
    operator: string,
    attributes: (node: ProgramNode) => Readonly<Record<string, OnnxAttribute>> = () => ({}),
  ): Translate =>
  ({ graph }, node, name) => {
    const x = graph.get(node.inputs[0]);
    graph.set(node.outputs[0], graph.add(operator, [x.name], name, attributes(node)), x.channelsFirst);
  };

/** A function of one input in several operators. */
const composed =
  (compose: (graph: OnnxGraph, x: string, name: string) => string): Translate =>
  ({ graph }, node, name) => {
    const x = graph.get(node.inputs[0]);
    graph.set(node.outputs[0], compose(graph, x.name, name), x.channelsFirst);
  };

const pooling =
  (
    operator: string,
    inputOf = (graph: OnnxGraph, { inputs: [x] }: ProgramNode) => graph.firstChannels(x),
  ): Translate =>
  ({ graph }, node, name) => {
    const { poolHeight, poolWidth } = node.attributes;
    const window = windowOf(node, [poolHeight, poolWidth]);
    graph.set(node.outputs[0], graph.add(operator, [inputOf(graph, node)], name, window), true);
  };

/** An operator of two inputs with the same axes. */
const ofTwo =
  (
    operator: string,
    attributes: (channelsFirst: boolean) => Readonly<Record<string, OnnxAttribute>> = () => ({}),
  ): Translate =>
  ({ graph }, node, name) => {
    const [a, b] = node.inputs;
    const channelsFirst = graph.get(a).channelsFirst && a.shape.length === 4;
    const inputs = [a, b].map((each) =>
      channelsFirst ? graph.firstChannels(each) : graph.lastChannels(each),
    );
    graph.set(node.outputs[0], graph.add(operator, inputs, name, attributes(channelsFirst)), channelsFirst);
  };

/** Each operation that a program for inference can have before it is fused. */
const translations: Partial<Record<OperationName, Translate>> = {
  conv2d: ({ graph, kernels }, node, name) => {
    const [x, kernel] = node.inputs;
    const made = addKernel(graph, madeKernel(kernels, kernel)!, kernel.shape, [3, 2, 0, 1]);
    const window = { ...windowOf(node, kernel.shape), ...made.window };
    const inputs = [graph.firstChannels(x), made.constant];
    graph.set(node.outputs[0], graph.add("Conv", inputs, name, window), true);
  },

  depthwiseConv2d: ({ graph, fills, kernels }, node, name) => {
    const [x, kernel] = node.inputs;
    const [, , channels, multiplier] = kernel.shape;
    if (fills.has(kernel.buffer)) {
      // a window of one pixel, which is how zeros are put around, and edges cut off
      graph.set(node.outputs[0], addPad(graph, node, name), true);
      return;
    }
    const made = addKernel(graph, madeKernel(kernels, kernel)!, kernel.shape, [2, 3, 0, 1], (sides) => [
      channels * multiplier,
      1,
      ...sides.slice(2),
    ]);
    const inputs = [graph.firstChannels(x), made.constant];
    const window = { ...windowOf(node, kernel.shape), ...made.window, group: channels };
    graph.set(node.outputs[0], graph.add("Conv", inputs, name, window), true);
  },
  // how zeros are put between the weights of a kernel, and how pixels are multiplied
  depthwiseConv2dInputGradient: ({ graph, kernels }, node, name) => {
    const { strideHeight, strideWidth } = node.attributes;
    const made = madeKernel(kernels, node.inputs[0]);
    if (made) {
      kernels.set(node.outputs[0].buffer, { ...made, dilations: [strideHeight, strideWidth] });
      return;
    }
    const scales = graph.constant(`${name}/scales`, Float32Array.of(1, 1, strideHeight, strideWidth));
    const inputs = [graph.firstChannels(node.inputs[0]), "", scales];
    const nearest = { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" };
    graph.set(node.outputs[0], graph.add("Resize", inputs, name, nearest), true);
  },

  addBias: ({ graph }, node, name) => {
    const [x, bias] = node.inputs;
    const { name: from, channelsFirst } = graph.get(x);
    const maker = graph.nodes.at(-1);
    if (
      maker?.operator === "Conv" &&
      maker.output === from &&
      maker.inputs.length === 2 &&
      graph.isUsedOnce(x)
    ) {
      graph.nodes.pop();
      const { operator, inputs, output, attributes } = maker;
      graph.nodes.push({ operator, inputs: [...inputs, graph.weight(bias)], output, attributes });
      graph.set(node.outputs[0], output, true);
      return;
    }
    const weight = graph.weight(bias, channelsFirst ? [bias.shape[0], 1, 1] : undefined);
    graph.set(node.outputs[0], graph.add("Add", [from, weight], name), channelsFirst);
  },

  matmul: ({ graph }, node, name) => {
    const [x, kernel] = node.inputs;
    graph.set(node.outputs[0], graph.add("MatMul", [graph.lastChannels(x), graph.weight(kernel)], name));
  },

  maxPool2d: pooling("MaxPool", withZerosAround),
  averagePool2d: pooling("AveragePool"),
  globalAveragePool2d: ({ graph }, node, name) => {
    const pooled = graph.add("GlobalAveragePool", [graph.firstChannels(node.inputs[0])], `${name}/mean`);
    graph.set(node.outputs[0], graph.add("Flatten", [pooled], name));
  },

  fill: ({ fills }, { outputs: [y], attributes: { value, length } }) => {
    fills.set(y.buffer, new Float32Array(length).fill(value));
  },
  foldBatchNorm: ({ normalizations }, node) => {
    normalizations.set(node.outputs[0].buffer, node);
  },
  scaleShift: (translation, node, name) => {
    const { graph, normalizations } = translation;
    const [x, scale] = node.inputs;
    const normalization = normalizations.get(scale.buffer);
    if (!normalization) {
      graph.set(node.outputs[0], addScaleShift(translation, node, name), graph.get(x).channelsFirst);
      return;
    }
    const { inputs, attributes } = normalization;
    const from = x.shape.length === 4 ? graph.firstChannels(x) : graph.lastChannels(x);
    const statistics = inputs.slice(2).map((tensor) => vector(translation, tensor, `${name}/constant`));
    const epsilon = { float: attributes.epsilon };
    const made = graph.add("BatchNormalization", [from, ...statistics], name, { epsilon });
    graph.set(node.outputs[0], made, x.shape.length === 4);
  },

  add: ofTwo("Add"),
  multiply: ofTwo("Mul"),
  concatenate: (translation, node, name) => {
    const { fills } = translation;
    const [a, b] = node.inputs.map(({ buffer }) => fills.get(buffer));
    if (a && b) fills.set(node.outputs[0].buffer, Float32Array.from([...a, ...b]));
    else ofTwo("Concat", (channelsFirst) => ({ axis: channelsFirst ? 1 : -1 }))(translation, node, name);
  },
  sliceChannels: ({ graph, kernels }, node, name) => {
    const [x] = node.inputs;
    const { first, count } = node.attributes;
    const made = madeKernel(kernels, x);
    if (made) {
      kernels.set(node.outputs[0].buffer, { ...made, share: { first, count } });
      return;
    }
    const value = graph.get(x);
    const [from, to, axis] = [first, first + count, value.channelsFirst ? 1 : x.shape.length - 1].map(
      (number, i) => graph.constant(`${name}/${["from", "to", "axis"][i]}`, BigInt64Array.of(BigInt(number))),
    );
    const sliced = graph.add("Slice", [value.name, from, to, axis], name);
    graph.set(node.outputs[0], sliced, value.channelsFirst);
  },
  scaleChannels: ({ graph }, node, name) => {
    const [x, scale] = node.inputs;
    const value = graph.get(x);
    const axes = graph.constant(
      `${name}/axes`,
      BigInt64Array.from(value.channelsFirst ? [2n, 3n] : [1n, 2n]),
    );
    const factors = graph.add("Unsqueeze", [graph.lastChannels(scale), axes], `${name}/factors`);
    graph.set(node.outputs[0], graph.add("Mul", [value.name, factors], name), value.channelsFirst);
  },
  rescale: (translation, node, name) => {
    const { scale, offset } = node.attributes;
    composed((graph, x) => {
      const scaled =
        scale === 1 ? x : graph.add("Mul", [x, graph.number(`${name}/scale`, scale)], `${name}/scaled`);
      return offset === 0 ? scaled : graph.add("Add", [scaled, graph.number(`${name}/offset`, offset)], name);
    })(translation, node, name);
  },

  relu: elementwise("Relu"),
  relu6: composed((graph, x, name) =>
    graph.add("Clip", [x, graph.number(`${name}/least`, 0), graph.number(`${name}/most`, 6)], name),
  ),
  boundedRelu: (translation, node, name) => {
    const { slope, threshold, maximum } = node.attributes;
    composed((graph, x) => {
      const number = (part: string, value: number) => graph.number(`${name}/${part}`, value);
      const limits = ["", number("maximum", maximum)];
      const passed = graph.add("ThresholdedRelu", [x], `${name}/passed`, { alpha: { float: threshold } });
      if (slope === 0) return graph.add("Clip", [passed, ...limits], name);
      const above = graph.add("Clip", [passed, ...limits], `${name}/above`);
      const less = graph.add("Sub", [x, number("threshold", threshold)], `${name}/less`);
      const below = graph.add("Clip", [less, "", number("zero", 0)], `${name}/below`);
      const sloping = graph.add("Mul", [below, number("slope", slope)], `${name}/sloping`);
      return graph.add("Add", [above, sloping], name);
    })(translation, node, name);
  },
  leakyRelu: elementwise("LeakyRelu", ({ attributes }) => ({ alpha: { float: attributes.slope } })),
  elu: elementwise("Elu", ({ attributes }) => ({ alpha: { float: attributes.alpha } })),
  selu: elementwise("Selu"),
  sigmoid: elementwise("Sigmoid"),
  tanh: elementwise("Tanh"),
  exponential: elementwise("Exp"),
  softplus: elementwise("Softplus"),
  softsign: elementwise("Softsign"),
  hardSigmoid: elementwise("HardSigmoid", () => ({ alpha: { float: 1 / 6 }, beta: { float: 0.5 } })),
  silu: composed((graph, x, name) =>
    graph.add("Mul", [x, graph.add("Sigmoid", [x], `${name}/sigmoid`)], name),
  ),
  mish: composed((graph, x, name) => {
    const softplus = graph.add("Softplus", [x], `${name}/softplus`);
    return graph.add("Mul", [x, graph.add("Tanh", [softplus], `${name}/tanh`)], name);
  }),
  gelu: composed((graph, x, name) => {
    const scaled = graph.add("Mul", [x, graph.number(`${name}/root`, Math.SQRT1_2)], `${name}/scaled`);
    const twice = graph.add(
      "Add",
      [graph.add("Erf", [scaled], `${name}/erf`), graph.number(`${name}/one`, 1)],
      `${name}/sum`,
    );
    const half = graph.add("Mul", [x, graph.number(`${name}/half`, 0.5)], `${name}/halved`);
    return graph.add("Mul", [half, twice], name);
  }),
  softmax: ({ graph }, node, name) => {
    const x = graph.get(node.inputs[0]);
    const axis = x.channelsFirst ? 1 : -1;
    graph.set(node.outputs[0], graph.add("Softmax", [x.name], name, { axis }), x.channelsFirst);
  },
};

/** @throws InputError `export.no-equal`, naming the operation and its layer */
export function translate(translation: Translation, node: ProgramNode): void {
  const layer = node.origin?.name ?? "model";
  const rule = translations[node.operation];
  if (rule === undefined) {
    throw new InputError(
      "export.no-equal",
      `Expected operations that ONNX has, found ${node.operation} in layer "${layer}"`,
    );
  }
  rule(translation, node, `${layer}/${node.operation}`);
}

/** ONNX says how much lies around on each side, and works the output's size out from that. */
function windowOf(node: ProgramNode, size: readonly number[]) {
  const { strideHeight, strideWidth } = node.attributes;
  const [top, left, bottom, right] = sidesOf(node, size);
  return {
    kernel_shape: size.slice(0, 2),
    strides: [strideHeight, strideWidth],
    pads: [top, left, Math.max(bottom, 0), Math.max(right, 0)],
  };
}

/** x times a number for each channel, and a number more. */
function addScaleShift(translation: Translation, node: ProgramNode, name: string): string {
  const { graph, fills } = translation;
  const [x, scale, shift] = node.inputs;
  const { name: from, channelsFirst } = graph.get(x);
  const shape = channelsFirst ? [scale.shape[0], 1, 1] : undefined;
  const factors = vector(translation, scale, `${name}/scale`, shape);
  if (fills.get(shift.buffer)?.every((value) => value === 0)) return graph.add("Mul", [from, factors], name);
  const scaled = graph.add("Mul", [from, factors], `${name}/scaled`);
  return graph.add("Add", [scaled, vector(translation, shift, `${name}/shift`, shape)], name);
}

function vector(
  { graph, fills }: Translation,
  tensor: Tensor,
  name: string,
  shape?: readonly number[],
): string {
  const values = fills.get(tensor.buffer);
  return values ? graph.constant(name, values, shape) : graph.weight(tensor, shape);
}
