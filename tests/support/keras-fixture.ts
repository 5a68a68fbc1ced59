import { readFileSync } from "node:fs";

/** An array as tests/fixtures/keras/fixture.py writes it: decimals when small, base64 of little-endian float32 when large. */
export interface FixtureArray {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  readonly float32?: string;
}

/** Reads a JSON file of tests/fixtures/keras/. The caller names the shape that its script writes. */
export function readKerasFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/keras/${name}`, import.meta.url), "utf8")) as T;
}

export function float32Of(array: FixtureArray): Float32Array {
  if (array.values) return Float32Array.from(array.values);
  const bytes = Buffer.from(array.float32 ?? "", "base64");
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
}

/** The first place where |found - expected| exceeds absolute + relative * |expected|, in words; undefined if none. */
export function firstDifference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  { absolute = 0, relative = 0 }: { readonly absolute?: number; readonly relative?: number },
): string | undefined {
  if (found.length !== expected.length) return `${found.length} values instead of ${expected.length}`;
  for (let i = 0; i < expected.length; i++) {
    // Written so that a NaN is a difference.
    if (!(Math.abs(found[i]! - expected[i]!) <= absolute + relative * Math.abs(expected[i]!)))
      return `at ${i} of ${expected.length}: expected ${expected[i]}, found ${found[i]}`;
  }
  return undefined;
}
