import type { OperationName } from "../operations/table.ts";
import type { ProgramNode, Tensor } from "../program.ts";
import { isFilled } from "./convolution.ts";
import { call, type Graph, partsOf, type Rule } from "./graph.ts";

/** What reads an image through a window that may reach over its edges, where it finds zeros. */
const windowed: readonly OperationName[] = [
  "conv2d",
  "conv2dKernelGradient",
  "depthwiseConv2d",
  "depthwiseConv2dKernelGradient",
];

/** Zeros around an image, a window over it -> the window alone, moved beyond the edges of what was padded. */
export const pad: Rule = (node, graph) => {
  if (!windowed.includes(node.operation)) return undefined;
  const { inputs, attributes } = partsOf(node);
  const padding = graph.producer(inputs.x);
  if (!padding || !isPadding(padding, "depthwiseConv2d", graph)) return undefined;
  const moved = { ...attributes, ...movedBy(attributes, padding) };
  return new Map([
    [node, call(node.operation, { ...inputs, x: padding.inputs[0] }, node.outputs, moved, node)],
  ]);
};

/** The gradient of a window's input, that of the zeros around it -> the first, of the inner part only. */
export const padBackwards: Rule = (node, graph) => {
  if (node.operation !== "conv2dInputGradient" && node.operation !== "depthwiseConv2dInputGradient")
    return undefined;
  const padding = graph.next(node.outputs[0], "depthwiseConv2dInputGradient");
  if (!padding || !isPadding(padding, "depthwiseConv2dInputGradient", graph)) return undefined;
  const { inputs, attributes } = partsOf(node);
  const { inputHeight, inputWidth } = padding.attributes;
  const moved = { ...attributes, ...movedBy(attributes, padding), inputHeight, inputWidth };
  return new Map([
    [node, undefined],
    [padding, call(node.operation, inputs, padding.outputs, moved, node)],
  ]);
};

function movedBy(window: ProgramNode["attributes"], { attributes }: ProgramNode) {
  return { padTop: window.padTop + attributes.padTop, padLeft: window.padLeft + attributes.padLeft };
}

/** A window of one pixel with the weight 1 that every pixel of the image is met by, or the gradient of one. */
function isPadding(node: ProgramNode, operation: OperationName, graph: Graph): boolean {
  if (node.operation !== operation) return false;
  const { kernel } = partsOf(node).inputs;
  return isOnePixel(kernel) && isFilled(kernel, 1, graph) && holdsAll(node);
}

/** Otherwise it crops or thins out, and what lies beyond the edges is not zeros. */
function holdsAll({ inputs: [from], outputs: [to], attributes }: ProgramNode): boolean {
  const { strideHeight, strideWidth, padTop, padLeft, inputHeight } = attributes;
  const [image, padded] = inputHeight === undefined ? [from, to] : [to, from];
  const [height, width] = [1, 2].map((axis) => padded.shape[axis] - image.shape[axis]);
  return (
    strideHeight * strideWidth === 1 && padTop >= 0 && padLeft >= 0 && height >= padTop && width >= padLeft
  );
}

function isOnePixel({ shape: [height, width, , multiplier] }: Tensor): boolean {
  return height === 1 && width === 1 && multiplier === 1;
}
