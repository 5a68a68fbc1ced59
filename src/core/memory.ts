import type { DType } from "./program.ts";

/**
 * Zeroed memory of a backend: a part of a buffer. Where the buffer is a memory that grows, `buffer` becomes another one when
 * the backend is asked for more, and what looks at the old one is empty: views are made when they are needed.
 */
export interface MemoryBlock {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  /** Gives the memory back at once, where the backend can; else, and without it, that happens when it is collected. */
  release?(): void;
}

export const arrayTypes = {
  float32: Float32Array,
  uint8: Uint8Array,
  int32: Int32Array,
  uint32: Uint32Array,
} as const;

/** A view keeps its block: the backend may give the memory to others only when nobody looks at it any more. */
const owners = new WeakMap<ArrayBufferView, MemoryBlock>();

/** `length` elements of the block's memory itself from `byteOffset` on, which is counted from the start of the block. */
export function viewMemory<D extends DType>(
  block: MemoryBlock,
  dtype: D,
  byteOffset: number,
  length: number,
): InstanceType<(typeof arrayTypes)[D]> {
  // the types of the constructors, taken together, ask for an ArrayBuffer; each alone takes a shared one too
  const type = arrayTypes[dtype] as Float32ArrayConstructor;
  const view = new type(block.buffer, block.byteOffset + byteOffset, length);
  owners.set(view, block);
  return view as InstanceType<(typeof arrayTypes)[D]>;
}
