import { activationCode } from "../operations/activation-code.ts";
import type { OperationName } from "../operations/table.ts";
import type { ProgramNode, Tensor } from "../program.ts";
import { newTensor } from "../recorder.ts";
import { call, type Graph, partsOf, type Rule } from "./graph.ts";

/** The largest pool whose positions fit into a byte. */
const LARGEST_POOL = 255;

/** The gradients of a convolution in front of a pool, and what they become. */
const pooled: Partial<Record<OperationName, OperationName>> = {
  convBiasKernelGradient: "convPoolKernelGradient",
  convBiasInputGradient: "convPoolInputGradient",
  conv2dInputGradient: "convPoolInputGradient",
};

/** Convolution with bias (and ReLU), max pool -> one call, in both directions: what is pooled is never written. */
export const pool: Rule = (node, graph) => {
  if (node.operation !== "convBias" || node.attributes.activation === activationCode.relu6) return undefined;
  const [unpooled] = node.outputs;
  const forward = graph.readers(unpooled).find(({ operation }) => operation === "maxPool2d");
  if (!forward || !fits(forward, unpooled)) return undefined;
  const [y, oldPosition] = forward.outputs;
  const position = newTensor("work", y.shape, "uint8");
  const { poolHeight, poolWidth } = forward.attributes;
  const inputs = partsOf(node).inputs;
  const size = { ...node.attributes, poolHeight, poolWidth };
  const backward = poolBackwards(oldPosition, { unpooled, position, size }, graph);
  if (!backward || !graph.onlyRead(unpooled, [forward, ...backward.keys()])) return undefined;
  const fused =
    backward.size > 0
      ? call("convPool", inputs, [y, position], size, node)
      : call("convPoolInference", inputs, [y], size, node);
  return new Map([...backward, [node, undefined], [forward, fused]]);
};

interface Pooled {
  readonly unpooled: Tensor;
  readonly position: Tensor;
  readonly size: Readonly<Record<string, number>>;
}

/** The gradients that the pool's own leads to, and that; empty in inference, undefined where they cannot be fused. */
function poolBackwards(
  oldPosition: Tensor,
  { unpooled, position, size }: Pooled,
  graph: Graph,
): Map<ProgramNode, ProgramNode | undefined> | undefined {
  const [gradient] = graph.readers(oldPosition);
  if (!graph.onlyRead(oldPosition, [gradient])) return undefined;
  if (!gradient) return new Map();
  const [dy] = gradient.inputs;
  const [unpooledGradient] = gradient.outputs;
  const readers = graph.readers(unpooledGradient);
  if (!graph.onlyRead(unpooledGradient, readers)) return undefined;
  const rewrite = new Map<ProgramNode, ProgramNode | undefined>([[gradient, undefined]]);
  for (const reader of readers) {
    const { inputs, attributes } = partsOf(reader);
    const fused = pooled[reader.operation];
    const activation = attributes.activation ?? activationCode.none;
    const isOwn = activation === activationCode.none || inputs.y.buffer === unpooled.buffer;
    if (!fused || activation !== size.activation || !isOwn) return undefined;
    const shared = { ...size, ...attributes };
    rewrite.set(reader, call(fused, { ...inputs, dy, position }, reader.outputs, shared, reader));
  }
  return rewrite;
}

function fits({ attributes: a, inputs: [x] }: ProgramNode, { shape }: Tensor): boolean {
  const [, height, width] = shape;
  const apart = a.strideHeight === a.poolHeight && a.strideWidth === a.poolWidth;
  // `same` may pad at the bottom and the right alone, where the last window reaches over the edge
  const inside = a.outputHeight * a.poolHeight <= height && a.outputWidth * a.poolWidth <= width;
  const padded = a.padTop !== 0 || a.padLeft !== 0 || !inside;
  return x.shape.length === 4 && apart && !padded && a.poolHeight * a.poolWidth <= LARGEST_POOL;
}
