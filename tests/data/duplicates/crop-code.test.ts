import { expect, it } from "vitest";
import {
  CODE_LENGTH,
  createCropCoder,
  crops,
  cutsOf,
  mirrorSigns,
} from "../../../src/data/duplicates/crop-code.ts";

/** A wave or two, seen through a part of the plane. */
const wave = (x: number, y: number) =>
  128 + 60 * Math.sin(5 * x + 2 * y) + 40 * Math.cos(9 * y - 3 * x) + 10 * Math.sin(17 * x);
const seenThrough = (left: number, right: number, top: number, bottom: number) =>
  Uint8Array.from({ length: 1024 }, (_, i) =>
    Math.round(
      wave(
        left + ((right - left) * ((i % 32) + 0.5)) / 32,
        top + ((bottom - top) * (Math.floor(i / 32) + 0.5)) / 32,
      ),
    ),
  );
const coder = createCropCoder();
function codeOf(grey: Uint8Array, crop: number): Float32Array {
  const code = new Float32Array(CODE_LENGTH);
  coder.begin(grey);
  coder.write(crop, code, 0);
  return code;
}
const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const whole = seenThrough(0, 1, 0, 1);

it("a part has the code that the picture cut to it has", () => {
  for (let crop = 0; crop < crops.length; crop++) {
    const { columns, rows } = cutsOf(crop);
    const part = seenThrough(columns[0], 1 - columns[1], rows[0], 1 - rows[1]);
    expect(cosine(codeOf(whole, crop), codeOf(part, 0))).toBeGreaterThan(0.998);
  }
  expect(cosine(codeOf(whole, 0), codeOf(seenThrough(0.06, 0.94, 0.06, 0.94), 0))).toBeLessThan(0.98);
});

it("a mirrored picture has the code with some signs turned", () => {
  const mirrored = codeOf(seenThrough(1, 0, 0, 1), 0);
  codeOf(whole, 0).forEach((value, i) => {
    expect(mirrored[i]).toBeCloseTo(value * mirrorSigns[i], 5);
  });
});

it("neither light nor contrast change a code, and an even area has none", () => {
  const code = codeOf(whole, 3);
  const paler = codeOf(
    whole.map((value) => Math.round(80 + value / 2)),
    3,
  );
  expect(cosine(code, paler)).toBeGreaterThan(0.999);
  expect(cosine(code, code)).toBeCloseTo(1, 5);
  expect(codeOf(new Uint8Array(1024).fill(9), 3).every((value) => value === 0)).toBe(true);
});

it("covers every cut of up to 8 % to within 2 % of a side", () => {
  const cuts = crops.map((_, crop) => cutsOf(crop).columns);
  for (let begin = 0; begin <= 0.08; begin += 0.005) {
    for (let end = 0; end <= 0.08; end += 0.005) {
      const nearest = Math.min(...cuts.map(([a, b]) => Math.max(Math.abs(a - begin), Math.abs(b - end))));
      expect(nearest).toBeLessThanOrEqual(0.0201);
    }
  }
});
