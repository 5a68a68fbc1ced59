import { roundUp } from "../util/shapes.ts";
import type { Buffer, Program } from "./program.ts";
import type { Recording } from "./recorder.ts";

/** Cache lines and the widest vectors are 64 bytes. */
const ALIGNMENT = 64;

interface Lifetime {
  readonly buffer: Buffer;
  /** Index of the first node that touches the buffer. */
  first: number;
  /** Index of the last one; the number of nodes for what the caller reads. */
  last: number;
}

/**
 * Gives each buffer of the work region its offset, so that buffers which live at the same time do not overlap and the
 * region is small: largest first, each at the lowest gap that it fits in. A step then allocates nothing.
 */
export function planMemory(recording: Recording): Program {
  const lifetimes = workLifetimes(recording);
  const placed: Lifetime[] = [];
  let workBytes = 0;
  for (const lifetime of lifetimes.sort(
    (a, b) => b.buffer.byteLength - a.buffer.byteLength || a.first - b.first,
  )) {
    lifetime.buffer.byteOffset = lowestGap(lifetime, placed);
    placed.push(lifetime);
    workBytes = Math.max(workBytes, endOf(lifetime.buffer));
  }
  return { ...recording, workBytes, constantBytes: placeConstants(recording) };
}

/** Side by side, since all of them stay; returns their length. */
function placeConstants({ nodes }: Recording): number {
  const buffers = new Set(nodes.flatMap(({ outputs }) => outputs.map(({ buffer }) => buffer)));
  let bytes = 0;
  for (const buffer of buffers) {
    if (buffer.region !== "constants") continue;
    buffer.byteOffset = bytes;
    bytes = endOf(buffer);
  }
  return bytes;
}

function workLifetimes(recording: Recording): Lifetime[] {
  const lifetimes = new Map<Buffer, Lifetime>();
  const touch = (buffer: Buffer, index: number) => {
    if (buffer.region !== "work") return;
    const known = lifetimes.get(buffer);
    if (known) known.last = Math.max(known.last, index);
    else lifetimes.set(buffer, { buffer, first: index, last: index });
  };
  recording.nodes.forEach((node, index) => {
    for (const tensor of [...node.inputs, ...node.outputs]) touch(tensor.buffer, index);
  });
  for (const tensor of recording.outputs.values()) touch(tensor.buffer, recording.nodes.length);
  return [...lifetimes.values()];
}

function lowestGap(lifetime: Lifetime, placed: readonly Lifetime[]): number {
  const alive = placed
    .filter((other) => other.first <= lifetime.last && lifetime.first <= other.last)
    .sort((a, b) => a.buffer.byteOffset - b.buffer.byteOffset);
  let offset = 0;
  for (const { buffer } of alive) {
    if (offset + lifetime.buffer.byteLength <= buffer.byteOffset) break;
    offset = Math.max(offset, endOf(buffer));
  }
  return offset;
}

function endOf(buffer: Buffer): number {
  return roundUp(buffer.byteOffset + buffer.byteLength, ALIGNMENT);
}
