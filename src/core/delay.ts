import { elementCount } from "../util/shapes.ts";
import { type Buffer, bytesPerElement, type ProgramNode, type Tensor } from "./program.ts";
import type { Recording } from "./recorder.ts";

/**
 * Moves a call down to where its result is read, if that frees more memory until then than it holds: the gradient of a large
 * dense kernel waits for the update at the end, while what it is made of is small. No call changes, so no number does.
 */
export function delayLarge(recording: Recording): Recording {
  const nodes = [...recording.nodes];
  const kept = new Set([...recording.outputs.values()].map(({ buffer }) => buffer));
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    if (node.outputs.some(({ buffer }) => kept.has(buffer))) continue;
    const end = firstInTheWay(nodes, index);
    if (end - 1 <= index || freed(node) <= held(nodes, index, end)) continue;
    nodes.splice(index, 1);
    nodes.splice(end - 1, 0, node);
  }
  return { ...recording, nodes };
}

/** The call that this one must stay before: it reads or writes what this one writes, or writes what this one reads. */
function firstInTheWay(nodes: readonly ProgramNode[], index: number): number {
  const { inputs, outputs } = nodes[index];
  const inTheWay = (other: ProgramNode) =>
    meet(other.inputs, outputs) || meet(other.outputs, outputs) || meet(other.outputs, inputs);
  for (let later = index + 1; later < nodes.length; later++) if (inTheWay(nodes[later])) return later;
  return index + 1; // nobody reads it
}

function meet(some: readonly Tensor[], others: readonly Tensor[]): boolean {
  return some.some((a) =>
    others.some((b) => a.buffer === b.buffer && startOf(a) < endOf(b) && startOf(b) < endOf(a)),
  );
}

const startOf = ({ offset, dtype }: Tensor) => offset * bytesPerElement[dtype];

const endOf = (tensor: Tensor) =>
  startOf(tensor) + elementCount(tensor.shape) * bytesPerElement[tensor.dtype];

/** Bytes of the work memory that are needed later only. */
function freed({ outputs }: ProgramNode): number {
  const inWork = outputs.filter(({ buffer }) => buffer.region === "work");
  return inWork.reduce((sum, tensor) => sum + endOf(tensor) - startOf(tensor), 0);
}

/** Bytes of the work memory that would be read for the last time by the call in its new place, and by another now. */
function held(nodes: readonly ProgramNode[], index: number, end: number): number {
  const later = new Set(nodes.slice(end).flatMap(({ inputs }) => inputs.map(({ buffer }) => buffer)));
  const mine = new Set<Buffer>(nodes[index].inputs.map(({ buffer }) => buffer));
  return [...mine]
    .filter((buffer) => buffer.region === "work" && !later.has(buffer))
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
}
