import { describe, expect, it } from "vitest";
import { rate, wilsonInterval } from "../../src/evaluation/wilson.ts";

describe("Wilson's interval", () => {
  // Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3; as printed there
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %i in %i is as Newcombe printed it", (hits, cases, low, high) => {
    const interval = wilsonInterval(hits, cases);
    expect(interval[0]).toBeCloseTo(low, 4);
    expect(interval[1]).toBeCloseTo(high, 4);
  });

  const z = 1.959963984540054;

  it.each([
    1, 10, 22, 10_000,
  ])("of none and of all in %i ends at 0 and 1 exactly, by its closed form", (cases) => {
    const [lowest, high] = wilsonInterval(0, cases);
    expect(lowest).toBe(0);
    expect(high).toBeCloseTo((z * z) / (cases + z * z), 12);
    const [low, highest] = wilsonInterval(cases, cases);
    expect(low).toBeCloseTo(cases / (cases + z * z), 12);
    expect(highest).toBe(1);
  });

  it("lies in [0, 1], holds the share and mirrors itself", () => {
    for (const cases of [1, 2, 7, 31]) {
      for (let hits = 0; hits <= cases; hits++) {
        const [low, high] = wilsonInterval(hits, cases);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(low).toBeLessThanOrEqual(hits / cases);
        expect(high).toBeGreaterThanOrEqual(hits / cases);
        expect(high).toBeLessThanOrEqual(1);
        const [mirroredLow, mirroredHigh] = wilsonInterval(cases - hits, cases);
        expect([1 - mirroredHigh, 1 - mirroredLow]).toEqual([
          expect.closeTo(low, 12),
          expect.closeTo(high, 12),
        ]);
      }
    }
  });

  it("solves (p - share)² = z² p (1 - p) / n, which defines it", () => {
    const [hits, cases] = [18, 22];
    for (const p of wilsonInterval(hits, cases)) {
      expect((p - hits / cases) ** 2).toBeCloseTo((z * z * p * (1 - p)) / cases, 12);
    }
  });

  it("is narrower for less confidence", () => {
    const [low, high] = wilsonInterval(5, 10, 1.6448536269514722); // 90 %
    expect([low, high]).toEqual([expect.closeTo(0.2693, 4), expect.closeTo(0.7307, 4)]);
  });
});

describe("a rate", () => {
  it("says its share, its counts and its interval", () => {
    expect(rate(18, 22)).toEqual({ value: 18 / 22, hits: 18, cases: 22, interval: wilsonInterval(18, 22) });
  });

  it("of nothing is 0, as in Keras, and tells nothing", () => {
    expect(rate(0, 0)).toEqual({ value: 0, hits: 0, cases: 0, interval: [0, 1] });
  });
});
