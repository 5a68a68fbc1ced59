import type { OperationName } from "./operations/table.ts";

export type DType = "float32" | "uint8" | "int32" | "uint32";

export const bytesPerElement: Readonly<Record<DType, number>> = { float32: 4, uint8: 1, int32: 4, uint32: 4 };

/** A row-major array that the program reads or writes. Views share a buffer. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  buffer: Buffer;
  /** First element, counted from the start of the buffer. */
  offset: number;
}

/**
 * Where a buffer lies:
 * - `state`: what lives from step to step: weights, then the optimizer's slots; the offset is fixed when recorded;
 * - `work`: what lives within one run; the memory plan gives the offset;
 * - `constants`: what was made of the state alone and stays with the compiled program, see `settleConstants`;
 * - `input`: the caller's own array, read in place.
 */
export type Region = "state" | "work" | "constants" | "input";

export interface Buffer {
  readonly region: Region;
  readonly byteLength: number;
  /** From the start of the region, a multiple of 64; -1 until planned. Always 0 for an input. */
  byteOffset: number;
}

/** Whom a call serves: a layer, `loss` or the optimizer. For people; backends do not read it. */
export interface Origin {
  readonly name: string;
  readonly pass: "forward" | "backward" | "update";
}

/** One call of an operation. Inputs, outputs and attributes are in the order that the operation declares. */
export interface ProgramNode {
  readonly operation: OperationName;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly attributes: Readonly<Record<string, number>>;
  readonly origin?: Origin;
}

/** A flat list of operations with fixed shapes: the only contract between the recorder and the backends. */
export interface Program {
  readonly nodes: readonly ProgramNode[];
  /** Arrays that the caller gives at each run, by name. */
  readonly inputs: ReadonlyMap<string, Tensor>;
  /** Arrays that the caller reads after a run, by name. */
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly stateBytes: number;
  readonly workBytes: number;
  readonly constantBytes: number;
}
