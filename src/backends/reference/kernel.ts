import type { InputArray } from "../../core/backend.ts";

/** A tensor's elements, exactly its own, with its shape. */
export interface TensorData {
  readonly data: InputArray;
  readonly shape: readonly number[];
}

/**
 * Computes one operation: plain loops, sums in float64, rounded to float32 where they are stored. This is the definition that
 * the other backends are held against.
 */
export type ReferenceKernel = (
  inputs: readonly TensorData[],
  outputs: readonly TensorData[],
  attributes: Readonly<Record<string, number>>,
) => void;
