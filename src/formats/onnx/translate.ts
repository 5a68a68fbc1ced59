import type { OperationName } from "../../core/operations/table.ts";
import type { Buffer, ProgramNode, Tensor } from "../../core/program.ts";
import { InputError } from "../../util/errors.ts";
import type { OnnxGraph } from "./graph.ts";
import type { OnnxAttribute } from "./messages.ts";

/** What is known while the calls of a program are translated. */
export interface Translation {
  readonly graph: OnnxGraph;
  /** Arrays of one value, by the calls that make them. */
  readonly fills: Map<Buffer, number>;
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
  (operator: string): Translate =>
  ({ graph }, node, name) => {
    const { poolHeight, poolWidth } = node.attributes;
    const window = windowOf(node, [poolHeight, poolWidth]);
    graph.set(
      node.outputs[0],
      graph.add(operator, [graph.firstChannels(node.inputs[0])], name, window),
      true,
    );
  };

/** Each operation that a program for inference can have before it is fused. */
const translations: Partial<Record<OperationName, Translate>> = {
  conv2d: ({ graph }, node, name) => {
    const [x, kernel] = node.inputs;
    const [height, width] = kernel.shape;
    const inputs = [graph.firstChannels(x), graph.weight(kernel, [3, 2, 0, 1])];
    graph.set(node.outputs[0], graph.add("Conv", inputs, name, windowOf(node, [height, width])), true);
  },

  depthwiseConv2d: ({ graph, fills }, node, name) => {
    const [x, kernel] = node.inputs;
    const [height, width, channels, multiplier] = kernel.shape;
    const inputs = [graph.firstChannels(x)];
    const window = windowOf(node, [height, width]);
    if (fills.get(kernel.buffer) === 1) {
      const pads = BigInt64Array.from(
        [0, 0, window.pads[0], window.pads[1], 0, 0, window.pads[2], window.pads[3]].map(BigInt),
      );
      inputs.push(graph.constant(`${name}/pads`, pads));
      graph.set(node.outputs[0], graph.add("Pad", inputs, name), true); // a window of one pixel, which is how zeros are put around
      return;
    }
    inputs.push(graph.weight(kernel, [2, 3, 0, 1], [channels * multiplier, 1, height, width]));
    graph.set(node.outputs[0], graph.add("Conv", inputs, name, { ...window, group: channels }), true);
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
    const weight = graph.weight(bias, undefined, channelsFirst ? [bias.shape[0], 1, 1] : undefined);
    graph.set(node.outputs[0], graph.add("Add", [from, weight], name), channelsFirst);
  },

  matmul: ({ graph }, node, name) => {
    const [x, kernel] = node.inputs;
    graph.set(node.outputs[0], graph.add("MatMul", [graph.lastChannels(x), graph.weight(kernel)], name));
  },

  maxPool2d: pooling("MaxPool"),
  averagePool2d: pooling("AveragePool"),
  globalAveragePool2d: ({ graph }, node, name) => {
    const pooled = graph.add("GlobalAveragePool", [graph.firstChannels(node.inputs[0])], `${name}/mean`);
    graph.set(node.outputs[0], graph.add("Flatten", [pooled], name));
  },

  fill: ({ fills }, { outputs: [y], attributes: { value } }) => {
    fills.set(y.buffer, value);
  },
  foldBatchNorm: ({ normalizations }, node) => {
    normalizations.set(node.outputs[0].buffer, node);
  },
  scaleShift: (translation, node, name) => {
    const { graph, normalizations } = translation;
    const [x, scale] = node.inputs;
    const { inputs, attributes } = normalizations.get(scale.buffer)!;
    const from = x.shape.length === 4 ? graph.firstChannels(x) : graph.lastChannels(x);
    const statistics = inputs.slice(2).map((tensor) => vector(translation, tensor, name));
    const epsilon = { float: attributes.epsilon };
    const made = graph.add("BatchNormalization", [from, ...statistics], name, { epsilon });
    graph.set(node.outputs[0], made, x.shape.length === 4);
  },

  add: ({ graph }, node, name) => {
    const [a, b] = node.inputs;
    const channelsFirst = graph.get(a).channelsFirst && a.shape.length === 4;
    const inputs = [a, b].map((each) =>
      channelsFirst ? graph.firstChannels(each) : graph.lastChannels(each),
    );
    graph.set(node.outputs[0], graph.add("Add", inputs, name), channelsFirst);
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
function windowOf({ inputs: [x], outputs: [y], attributes }: ProgramNode, size: readonly [number, number]) {
  const { strideHeight, strideWidth, padTop, padLeft } = attributes;
  const behind = (axis: number, stride: number, before: number) =>
    Math.max((y.shape[axis] - 1) * stride + size[axis - 1] - x.shape[axis] - before, 0);
  return {
    kernel_shape: size,
    strides: [strideHeight, strideWidth],
    pads: [padTop, padLeft, behind(1, strideHeight, padTop), behind(2, strideWidth, padLeft)],
  };
}

function vector({ graph, fills }: Translation, tensor: Tensor, name: string): string {
  const value = fills.get(tensor.buffer);
  if (value === undefined) return graph.weight(tensor);
  return graph.constant(`${name}/constant`, new Float32Array(tensor.shape[0]).fill(value));
}
