import { describe, expect, it } from "vitest";
import { createAligner } from "../../../src/data/duplicates/align.ts";
import { soften } from "../../../src/data/duplicates/soften.ts";
import { solveSymmetric } from "../../../src/data/duplicates/solve.ts";

const wave = (x: number, y: number) =>
  128 + 50 * Math.sin(7 * x + 2 * y) + 40 * Math.cos(11 * y - 3 * x) + 20 * Math.sin(19 * x * y);
const seenThrough = (left: number, right: number, top: number, bottom: number) =>
  Uint8Array.from({ length: 1024 }, (_, i) =>
    Math.round(
      wave(
        left + ((right - left) * ((i % 32) + 0.5)) / 32,
        top + ((bottom - top) * (Math.floor(i / 32) + 0.5)) / 32,
      ),
    ),
  );
const align = createAligner();
const whole = seenThrough(0, 1, 0, 1);

describe("the aligner", () => {
  it("finds the part that is shown, wherever the search begins", () => {
    const part = seenThrough(0.03, 0.955, 0.07, 0.99);
    for (const crop of [0, 1, 5, 16]) expect(align(whole, part, crop)).toBeGreaterThan(0.995);
  });

  it("finds a part that begins outside", () => {
    expect(align(whole, seenThrough(-0.05, 0.95, 0.02, 1.04), 0)).toBeGreaterThan(0.99);
  });

  it("does not mind light and contrast", () => {
    const paler = seenThrough(0.02, 0.98, 0, 0.95).map((value) => Math.round(90 + value / 3));
    expect(align(whole, paler, 0)).toBeGreaterThan(0.99);
  });

  it("calls another picture another, and an even area nothing", () => {
    const other = whole.map((_, i) => whole[(i * 7) % 1024]);
    expect(align(whole, other, 0)).toBeLessThan(0.5);
    expect(align(whole, new Uint8Array(1024).fill(5), 0)).toBe(0);
    expect(align(new Uint8Array(1024).fill(5), whole, 0)).toBe(0);
  });
});

describe("soften", () => {
  it("averages with the neighbours, the edge repeated", () => {
    const point = new Uint8Array(1024);
    point[33] = 160;
    const soft = new Uint8Array(1024);
    soften(point, false, soft);
    expect([soft[0], soft[1], soft[2], soft[3], soft[33], soft[34]]).toEqual([10, 20, 10, 0, 40, 20]);
  });

  it("mirrors", () => {
    const [plain, mirrored] = [new Uint8Array(1024), new Uint8Array(1024)];
    soften(whole, false, plain);
    soften(whole, true, mirrored);
    plain.forEach((value, i) => {
      expect(mirrored[i - (i % 32) + 31 - (i % 32)]).toBe(value);
    });
  });
});

describe("solveSymmetric", () => {
  it("solves, nearly: a thousandth of damping is part of it", () => {
    const solution = solveSymmetric(Float64Array.of(4, 1, 9, 0, 3, 7), 2)!;
    expect(solution[0]).toBeCloseTo(20 / 11, 2);
    expect(solution[1]).toBeCloseTo(19 / 11, 2);
  });

  it("has no answer where there are many", () => {
    expect(solveSymmetric(Float64Array.of(1, 1, 2, 0, 0, 2), 2)).toBeUndefined();
    expect(solveSymmetric(new Float64Array(6), 2)).toBeUndefined();
  });
});
