import { elementCount, roundUp } from "../util/shapes.ts";
import { type Buffer, bytesPerElement, type Program, type Tensor } from "./program.ts";
import type { Recording } from "./recorder.ts";

/** Cache lines and the widest vectors are 64 bytes. */
const ALIGNMENT = 64;

/** A part of a buffer, from the first call that touches it to the last. */
interface Box {
  /** Bytes from the start of the buffer. */
  readonly start: number;
  readonly end: number;
  /** Index of the first node that touches it. */
  readonly first: number;
  /** Index of the last one; the number of nodes for what the caller reads. */
  readonly last: number;
}

/**
 * Gives each buffer of the work region its offset, so that what lives at the same time does not overlap and the region is small:
 * largest first, each at the lowest place that it fits in. A buffer's parts may live at different times, such as the gradients of
 * all weights, which come one after the other. A step then allocates nothing.
 */
export function planMemory(recording: Recording): Program {
  const buffers = [...touchesOf(recording)].map(([buffer, touches]) => ({ buffer, boxes: boxesOf(touches) }));
  const firstOf = (boxes: readonly Box[]) => Math.min(...boxes.map(({ first }) => first));
  buffers.sort((a, b) => b.buffer.byteLength - a.buffer.byteLength || firstOf(a.boxes) - firstOf(b.boxes));
  const placed: Box[] = [];
  let workBytes = 0;
  for (const { buffer, boxes } of buffers) {
    const offset = lowestPlace(boxes, placed);
    buffer.byteOffset = offset;
    placed.push(...boxes.map((box) => ({ ...box, start: offset + box.start, end: offset + box.end })));
    workBytes = Math.max(workBytes, endOf(buffer));
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

/** Where and when a buffer of the work region is touched. */
function touchesOf({ nodes, outputs }: Recording): Map<Buffer, Box[]> {
  const touches = new Map<Buffer, Box[]>();
  const touch = ({ buffer, offset, shape, dtype }: Tensor, index: number) => {
    if (buffer.region !== "work") return;
    const start = offset * bytesPerElement[dtype];
    const end = start + elementCount(shape) * bytesPerElement[dtype];
    const known = touches.get(buffer) ?? [];
    touches.set(buffer, [...known, { start, end, first: index, last: index }]);
  };
  nodes.forEach((node, index) => {
    for (const tensor of [...node.inputs, ...node.outputs]) touch(tensor, index);
  });
  for (const tensor of outputs.values()) touch(tensor, nodes.length);
  return touches;
}

/** Cuts a buffer where its tensors begin and end. */
function boxesOf(touches: readonly Box[]): Box[] {
  const edges = [...new Set(touches.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  return edges.slice(0, -1).flatMap((start, index): Box[] => {
    const end = edges[index + 1];
    const over = touches.filter((touch) => touch.start < end && start < touch.end);
    if (over.length === 0) return [];
    const first = Math.min(...over.map((touch) => touch.first));
    return [{ start, end, first, last: Math.max(...over.map(({ last }) => last)) }];
  });
}

/** Moves up past whatever is in the way, as little as it takes, until nothing is. */
function lowestPlace(boxes: readonly Box[], placed: readonly Box[]): number {
  const rivals = boxes.flatMap((box) =>
    placed
      .filter((other) => other.first <= box.last && box.first <= other.last)
      .map((other) => ({ from: other.start - box.end, to: other.end - box.start })),
  );
  let offset = 0;
  for (const { from, to } of rivals.sort((a, b) => a.from - b.from)) {
    if (from < offset && offset < to) offset = roundUp(to, ALIGNMENT);
  }
  return offset;
}

function endOf(buffer: Buffer): number {
  return roundUp(buffer.byteOffset + buffer.byteLength, ALIGNMENT);
}
