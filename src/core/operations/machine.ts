import { defineOperation } from "./define.ts";

/** Numbers in a row of `multiplyAddChains`: enough chains of any vector to keep the multipliers busy. */
export const CHAIN_LANES = 192;

/**
 * What a machine's limits are measured with; no model records these.
 *
 * `repeats` times y = y * factor + term, beginning with x [rows, 192], in registers: as many multiply-adds as there can be.
 */
export const multiplyAddChains = defineOperation({
  name: "multiplyAddChains",
  inputs: ["x"],
  outputs: ["y"],
  attributes: ["repeats", "factor", "term"],
  infer: ({ x }) => ({ y: { shape: x.shape } }),
});

/**
 * y = a + factor * b, of one shape: the triad of the STREAM benchmark (McCalpin 1995). `streaming` (1) writes past the
 * caches where the processor can.
 */
export const triad = defineOperation({
  name: "triad",
  inputs: ["a", "b"],
  outputs: ["y"],
  attributes: ["factor", "streaming"],
  infer: ({ a }) => ({ y: { shape: a.shape } }),
});
