import type { Buffer, ProgramNode, Tensor } from "./program.ts";
import type { Recording } from "./recorder.ts";

/**
 * Moves what depends on the state alone, such as folded kernels, to memory of its own that outlives the run: it is computed again
 * only when the state has changed. A program that writes the state, as a training step does, has no such things.
 */
export function settleConstants(recording: Recording): Recording {
  const { nodes, outputs } = recording;
  if (nodes.some((node) => node.outputs.some(({ buffer }) => buffer.region === "state"))) return recording;
  const kept = new Set([...outputs.values()].map(({ buffer }) => buffer));
  const settled = new Map<Buffer, Buffer>();
  const lasts = ({ buffer }: Tensor) => buffer.region === "state" || settled.has(buffer);
  const isConstant = (node: ProgramNode) =>
    node.inputs.every(lasts) && node.outputs.every(({ buffer }) => !kept.has(buffer));
  for (const node of nodes) {
    if (!isConstant(node)) continue;
    for (const { buffer } of node.outputs) settled.set(buffer, { ...buffer, region: "constants" });
  }
  const move = (tensor: Tensor): Tensor => {
    const buffer = settled.get(tensor.buffer);
    return buffer ? { ...tensor, buffer } : tensor;
  };
  return {
    ...recording,
    nodes: nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(move),
      outputs: node.outputs.map(move),
    })),
  };
}

/** Whether the node need not run again while the state stays as it is. */
export function isConstantNode({ outputs }: ProgramNode): boolean {
  return outputs.every(({ buffer }) => buffer.region === "constants");
}
