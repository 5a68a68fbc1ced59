import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { epochTicks, formatNumber, formatTick, valueAxis } from "../../src/report/ticks.ts";

describe("epochTicks", () => {
  it("labels each epoch of a short run and round ones of a long run", () => {
    expect(epochTicks(1)).toEqual([1]);
    expect(epochTicks(3)).toEqual([1, 2, 3]);
    expect(epochTicks(60)).toEqual([1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]);
    expect(epochTicks(500)).toEqual([1, 50, 100, 150, 200, 250, 300, 350, 400, 450, 500]);
  });

  it("has at most 21 labels for any number of epochs", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (epochs) => {
        const ticks = epochTicks(epochs);
        expect(ticks.length).toBeLessThanOrEqual(21);
        expect(ticks[0]).toBe(1);
        expect(ticks.at(-1)).toBeLessThanOrEqual(epochs);
      }),
    );
  });
});

describe("valueAxis", () => {
  it("begins a loss at 0 and ends on a round number above it", () => {
    expect(valueAxis([0.71, 0.2, Number.NaN], false)).toEqual({
      min: 0,
      max: 0.8,
      step: 0.2,
      logarithmic: false,
    });
    expect(valueAxis([-3, 4], false)).toEqual({ min: -4, max: 4, step: 2, logarithmic: false });
  });

  it("shows a rate up to 1 with few ticks, from a round number under the lowest", () => {
    expect(valueAxis([0.5, 1], true)).toEqual({ min: 0.5, max: 1, step: 0.1, logarithmic: false });
    expect(valueAxis([0.05, 0.3], true)).toEqual({ min: 0, max: 1, step: 0.2, logarithmic: false });
    expect(valueAxis([1, 1], true)).toEqual({ min: 0.96, max: 1, step: 0.02, logarithmic: false });
  });

  it("turns logarithmic where one loss ran away", () => {
    expect(valueAxis([4e5, 2, 1, 0.5], false)).toEqual({ min: 0.1, max: 1e6, logarithmic: true });
  });

  it("has a width for a single value, for zeros and for none", () => {
    expect(valueAxis([0.69, 0.69], false)).toMatchObject({ min: 0, max: 0.8 });
    expect(valueAxis([0], false)).toMatchObject({ min: 0, max: 0.2 });
    expect(valueAxis([Number.NaN, Number.POSITIVE_INFINITY], false)).toMatchObject({ min: 0, max: 1 });
  });

  it("holds every finite value", () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const { min, max } = valueAxis(values, false);
        const slack = (max - min) * 1e-9;
        expect(Math.min(...values)).toBeGreaterThanOrEqual(min - slack);
        expect(Math.max(...values)).toBeLessThanOrEqual(max + slack);
        expect(max).toBeGreaterThan(min);
      }),
    );
  });
});

it("formats numbers without digits that say nothing", () => {
  expect([0.71, 0.00002, 12.3456, 0, 1, 1234567, Number.NaN].map(formatNumber)).toEqual([
    "0.7100",
    "2.0e-5",
    "12.35",
    "0.0000",
    "1",
    "1.2e+6",
    "NaN",
  ]);
  expect([0.30000000000000004, 1e6, 0, 0.0001].map(formatTick)).toEqual(["0.3", "1e+6", "0", "1e-4"]);
});
