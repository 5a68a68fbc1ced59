import { sameShape } from "../../util/shapes.ts";
import type { OperationName } from "../operations/table.ts";
import type { ProgramNode, Tensor } from "../program.ts";
import { newTensor } from "../recorder.ts";
import { call, type Graph, partsOf, type Rule } from "./graph.ts";

/** Convolutions, and their form that adds a bias. */
const withBias: Partial<Record<OperationName, OperationName>> = {
  conv2d: "convBias",
  depthwiseConv2d: "depthwiseBias",
};

/** convolution, bias -> one call. */
export const addBias: Rule = (node, graph) => {
  const fused = withBias[node.operation];
  const addition = fused && graph.next(node.outputs[0], "addBias");
  if (!addition) return undefined;
  const inputs = { ...partsOf(node).inputs, bias: addition.inputs[1] };
  return new Map([
    [node, undefined],
    [addition, call(fused, inputs, addition.outputs, biasedAttributes(node), node)],
  ]);
};

/** The gradients of a kernel and of the bias behind it -> one pass over dy. */
export const joinBiasGradient: Rule = (node, graph) => {
  if (node.operation !== "conv2dKernelGradient") return undefined;
  const [x, dy] = node.inputs;
  // any of them will do where there are several: it depends on dy alone
  const bias = graph
    .readers(dy)
    .find(({ operation, inputs }) => operation === "biasGradient" && sameShape(inputs[0].shape, dy.shape));
  if (!bias) return undefined;
  const outputs = [node.outputs[0], bias.outputs[0]];
  // without an activation y is not read
  const joined = call(
    "convBiasKernelGradient",
    { x, dy, y: dy },
    outputs,
    { ...node.attributes, activation: 0 },
    node,
  );
  // where weights are shared, what is made of the first gradient of the two may come before the second
  const first = graph.earlier(node, bias);
  return new Map([
    [node, undefined],
    [bias, undefined],
    [first, joined],
  ]);
};

/**
 * convolution (and bias), batch normalisation with fixed statistics -> a convolution by a folded kernel and bias, which depend
 * on the weights alone.
 */
export const foldNormalization: Rule = (node, graph) => {
  const plain = withBias[node.operation];
  const unactivated =
    ["convBias", "depthwiseBias"].includes(node.operation) && node.attributes.activation === 0;
  if (!plain && !unactivated) return undefined;
  const scaled = graph.next(node.outputs[0], "scaleShift");
  const fold = scaled && scaled.attributes.activation === 0 && foldOf(scaled, graph);
  if (!scaled || !fold) return undefined;
  const { inputs } = partsOf(node);
  const statistics = partsOf(fold).inputs;
  const kernel = newTensor("work", inputs.kernel.shape, "float32");
  const bias = fold.outputs[1];
  const folded = { ...statistics, kernel: inputs.kernel, bias: inputs.bias ?? statistics.bias };
  const attributes = plain ? biasedAttributes(node) : node.attributes;
  return new Map([
    [node, undefined],
    [fold, call("foldBatchNorm", folded, [kernel, bias], fold.attributes, fold)],
    [scaled, call(plain ?? node.operation, { ...inputs, kernel, bias }, scaled.outputs, attributes, node)],
  ]);
};

/** The call that made a scale and a shift of statistics, and of nothing else: a kernel of ones and a bias of zeros. */
function foldOf(scaled: ProgramNode, graph: Graph): ProgramNode | undefined {
  const [, scale, shift] = scaled.inputs;
  const fold = graph.producer(scale);
  if (fold?.operation !== "foldBatchNorm" || fold !== graph.producer(shift)) return undefined;
  const { kernel, bias } = partsOf(fold).inputs;
  const alone = graph.onlyRead(scale, [scaled]) && graph.onlyRead(shift, [scaled]);
  return alone && isFilled(kernel, 1, graph) && isFilled(bias, 0, graph) ? fold : undefined;
}

export function isFilled(tensor: Tensor, value: number, graph: Graph): boolean {
  const producer = graph.producer(tensor);
  return producer?.operation === "fill" && producer.attributes.value === value;
}

function biasedAttributes({ attributes: { outputHeight, outputWidth, ...window } }: ProgramNode) {
  return { ...window, activation: 0, convHeight: outputHeight, convWidth: outputWidth };
}
