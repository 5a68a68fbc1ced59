import { describe, expect, it } from "vitest";
import { initialize, initializerNames, initializerSchema } from "../../src/core/initializers.ts";
import { withoutPauses } from "../../src/util/pauses.ts";

const shape = [3, 3, 5, 7];
const drawing = initializerNames.filter((name) => name !== "zeros" && name !== "ones");

describe.each(drawing)("%s", (name) => {
  it("gives the same bits for the same seed and weight", () => {
    expect(withoutPauses(initialize(name, shape, 3, 1))).toEqual(
      withoutPauses(initialize(name, shape, 3, 1)),
    );
  });

  it("gives others for another seed and another weight", () => {
    const first = withoutPauses(initialize(name, shape, 3, 1));
    for (const [seed, stream] of [
      [4, 1],
      [3, 2],
    ] as const) {
      const other = withoutPauses(initialize(name, shape, seed, stream));
      const shared = other.filter((value, i) => value === first[i]).length;
      expect(shared).toBe(0);
    }
  });
});

describe("the name of an initializer", () => {
  const schema = initializerSchema("he_normal");

  it("is Keras's, or its serialized object's class", () => {
    expect(schema.parse("zeros")).toBe("zeros");
    expect(schema.parse({ className: "GlorotUniform", config: { seed: null } })).toBe("glorot_uniform");
    expect(schema.parse({ className: "RandomNormal" })).toBe("random_normal");
    expect(schema.parse(undefined)).toBe("he_normal");
  });

  it("is a constant of any value", () => {
    const half = schema.parse({ className: "Constant", config: { value: 0.5 } });
    expect(withoutPauses(initialize(half, [3], 1, 1))).toEqual(Float32Array.of(0.5, 0.5, 0.5));
  });

  it("is a scaling where Keras has no name for it", () => {
    const config = { scale: 2, mode: "fan_out", distribution: "truncated_normal", seed: null };
    const fanOut = schema.parse({ className: "VarianceScaling", config });
    const values = withoutPauses(initialize(fanOut, [3, 3, 20, 50], 1, 1));
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(deviation / Math.sqrt(2 / 450)).toBeCloseTo(1, 1);
    const uniform = {
      className: "VarianceScaling",
      config: { ...config, scale: 1 / 3, distribution: "uniform" },
    };
    const even = withoutPauses(initialize(schema.parse(uniform), [20, 50], 1, 1));
    const limit = Math.sqrt(1 / 50);
    expect(Math.max(...even)).toBeLessThanOrEqual(Math.fround(limit));
    expect(Math.max(...even)).toBeGreaterThan(0.98 * limit);
  });

  it.each(["best", "GlorotUniform", "", null, 3, { className: "Best" }, {}])("is not %j", (name) => {
    expect(schema.safeParse(name).success).toBe(false);
  });
});
