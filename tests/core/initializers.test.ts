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

  it.each(["best", "GlorotUniform", "", null, 3, { className: "Best" }, {}])("is not %j", (name) => {
    expect(schema.safeParse(name).success).toBe(false);
  });
});
