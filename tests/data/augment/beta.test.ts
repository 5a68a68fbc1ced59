import { expect, it } from "vitest";
import { drawBeta } from "../../../src/data/augment/beta.ts";
import { RandomStream } from "../../../src/util/random.ts";

const DRAWS = 20_000;
/** Of a mean over the draws: more than five standard errors of the widest of them, 0.5 / sqrt(20,000). */
const tolerance = 0.02;

it.each([
  [0.2, 0.2],
  [1, 1],
  [2, 5],
  [0.000001, 0.000001],
  [8, 0.5],
])("draws Beta(%d, %d) with its mean and variance", (a, b) => {
  const random = new RandomStream(7, "beta");
  const draws = Array.from({ length: DRAWS }, () => drawBeta(random, a, b));
  expect(draws.every((value) => value >= 0 && value <= 1)).toBe(true);
  const mean = draws.reduce((sum, value) => sum + value, 0) / DRAWS;
  const variance = draws.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DRAWS;
  expect(Math.abs(mean - a / (a + b))).toBeLessThan(tolerance);
  expect(Math.abs(variance - (a * b) / ((a + b) ** 2 * (a + b + 1)))).toBeLessThan(tolerance);
});
