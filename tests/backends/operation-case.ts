import type { DType } from "../../src/core/program.ts";

/** How an input is filled: whole numbers, numbers from a range, pool winners, or one-hot rows. */
export type Fill =
  | { readonly integers: readonly [lowest: number, highest: number] }
  | { readonly range: readonly [lowest: number, highest: number] }
  /** Positions of a fused pool, some of them 255 where ReLU stops the gradient. */
  | { readonly winnersAmong: number; readonly stopped: boolean }
  | { readonly winnersOf: OperationCase["attributes"] }
  | { readonly oneHot: true };

export interface InputCase {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly fill: Fill;
}

export interface OperationCase {
  readonly title: string;
  readonly inputs: Readonly<Record<string, InputCase>>;
  readonly attributes: Readonly<Record<string, number>>;
  readonly tolerance: Tolerance;
}

export interface Tolerance {
  readonly reason: string;
  /** Of the expected value, and of 1. */
  readonly relative: number;
  readonly absolute: number;
}

export const exact: Tolerance = {
  reason: "small whole numbers add up exactly in float32, in any order",
  relative: 0,
  absolute: 0,
};
export const rounding: Tolerance = {
  reason: "a few float32 operations and functions to 2 units in the last place (2^-23 each)",
  relative: 1e-6,
  absolute: 5e-7,
};
export const steep: Tolerance = {
  reason: "e^z with z to 60, where rounding z alone moves the result by 2e-6",
  relative: 4e-6,
  absolute: 1e-6,
};
export const sum: Tolerance = { reason: "float32 sums of tens of terms", relative: 3e-6, absolute: 1e-6 };

export const longSum: Tolerance = {
  reason: "float32 sums of a thousand terms, which may cancel",
  relative: 1e-5,
  absolute: 1e-4,
};
export const normal: Tolerance = {
  reason:
    "x - mean has an error of its own of 2^-24 of x, at most 1e-5 of what is left, times gamma / deviation",
  relative: 1e-5,
  absolute: 1e-5,
};
export const folding: Tolerance = {
  reason: "bias - mean may cancel; the difference is up to 6, times up to 3 / deviation",
  relative: 2e-6,
  absolute: 3e-6,
};
