import { expect, it } from "vitest";
import { type InitializerName, initialize } from "../../src/core/initializers.ts";
import { withoutPauses } from "../../src/util/pauses.ts";
import { readKerasFixture } from "../support/keras-fixture.ts";

interface InitializerCase {
  readonly initializer: InitializerName;
  readonly shape: readonly number[];
  readonly expected: {
    readonly distribution: "constant" | "uniform" | "normal" | "truncated_normal";
    readonly value?: number;
    readonly minimum?: number;
    readonly maximum?: number;
    readonly mean?: number;
    readonly deviation?: number;
  };
}

/** Five standard errors: with a fixed seed a pass stays a pass, and a wrong formula is many times further off. */
const standardErrors = 5;
/** The bounds are doubles, the draws float32. */
const boundRounding = 1 + 1e-6;

const cases = readKerasFixture<{ cases: InitializerCase[] }>("initializers.json").cases;

it.each(
  cases.map((one) => [`${one.initializer} of ${one.shape.join("x")}`, one] as const),
)("%s is distributed as in Keras", (_, { initializer, shape, expected }) => {
  const values = withoutPauses(initialize(initializer, shape, 11, 3));
  if (expected.distribution === "constant") {
    expect(values.every((value) => value === expected.value)).toBe(true);
    return;
  }
  const { mean, deviation, minimum, maximum } = describeValues(values);
  const standardError = standardErrors / Math.sqrt(values.length);
  expect(Math.abs(mean)).toBeLessThan(standardError * expected.deviation!);
  expect(Math.abs(deviation / expected.deviation! - 1)).toBeLessThan(standardError);
  if (expected.maximum !== undefined) {
    expect(maximum).toBeLessThanOrEqual(expected.maximum * boundRounding);
    expect(minimum).toBeGreaterThanOrEqual(expected.minimum! * boundRounding);
  } else {
    // A normal distribution that is not cut reaches beyond two deviations even in 200 draws.
    expect(Math.max(maximum, -minimum)).toBeGreaterThan(2 * expected.deviation!);
  }
});

function describeValues(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const minimum = values.reduce((least, value) => Math.min(least, value), Infinity);
  const maximum = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return { mean, deviation: Math.sqrt(variance), minimum, maximum };
}
