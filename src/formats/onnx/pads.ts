import type { ProgramNode } from "../../core/program.ts";
import type { OnnxGraph } from "./graph.ts";

/** How far windows reach over the top, the left, the bottom and the right; short of these where it is less than 0. */
export function sidesOf({ inputs: [x], outputs: [y], attributes }: ProgramNode, size: readonly number[]) {
  const { strideHeight, strideWidth, padTop, padLeft } = attributes;
  const behind = (axis: number, stride: number, before: number) =>
    (y.shape[axis] - 1) * stride + size[axis - 1] - x.shape[axis] - before;
  return [padTop, padLeft, behind(1, strideHeight, padTop), behind(2, strideWidth, padLeft)];
}

/** Zeros around the image, and edges cut off. */
export function addPad(graph: OnnxGraph, node: ProgramNode, name: string): string {
  const [top, left, bottom, right] = sidesOf(node, [1, 1]);
  const pads = BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right].map(BigInt));
  return graph.add("Pad", [graph.firstChannels(node.inputs[0]), graph.constant(`${name}/pads`, pads)], name);
}

/**
 * The name of what a maximum is taken of. ONNX Runtime (1.31) lets a MaxPool do the work of a Pad before it, which takes the least
 * number there is in place of the zeros: so a convolution that changes nothing puts them around instead.
 */
export function withZerosAround(graph: OnnxGraph, { inputs: [x] }: ProgramNode): string {
  const name = graph.firstChannels(x);
  const at = graph.nodes.findIndex(({ operator, output }) => operator === "Pad" && output === name);
  if (at < 0) return name;
  const { inputs, output } = graph.nodes[at];
  const [, , top, left, , , bottom, right] = Array.from(graph.tensors.get(inputs[1])!.values, Number);
  if (Math.min(top, left, bottom, right) < 0) return name;
  const channels = x.shape[3];
  const ones = graph.constant(`${name}/ones`, new Float32Array(channels).fill(1), [channels, 1, 1, 1]);
  const attributes = { kernel_shape: [1, 1], pads: [top, left, bottom, right], group: channels };
  graph.tensors.delete(inputs[1]);
  graph.nodes[at] = { operator: "Conv", inputs: [inputs[0], ones], output, attributes };
  return name;
}
