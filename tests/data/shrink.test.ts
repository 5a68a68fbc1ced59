import { expect, it } from "vitest";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";
import { shrinkOf } from "../../src/data/shrink.ts";
import { ruleFor } from "../../src/tasks/rule-for.ts";
import { parseTrainOptions } from "../../src/tasks/train-options.ts";

const fast = (height: number, width: number, resize: "stretch" | "crop" | "pad" = "stretch") =>
  preprocessingSchema.parse({ height, width, resize, decode: "fast" });

it.each([
  [255, 1],
  [511, 1],
  [512, 2],
  [1023, 2],
  [1024, 4],
  [2047, 4],
  [2048, 8],
  [9000, 8],
])("divides a side of %d pixels that becomes 256 by %d", (side, divisor) => {
  expect(shrinkOf(fast(256, 256), { height: side, width: 9000 })).toBe(divisor);
  expect(shrinkOf(fast(256, 256), { height: 9000, width: side })).toBe(divisor);
});

it("looks at what is cut out, or at what is left beside the black", () => {
  expect(shrinkOf(fast(100, 100, "crop"), { height: 1000, width: 300 })).toBe(2);
  expect(shrinkOf(fast(100, 100, "pad"), { height: 1000, width: 300 })).toBe(8);
});

it("leaves every pixel where the rule is exact", () => {
  const exact = preprocessingSchema.parse({ height: 8, width: 8 });
  expect(shrinkOf(exact, { height: 8000, width: 8000 })).toBe(1);
});

it("goes with antialias, for large photos and small ones", () => {
  expect(ruleFor(parseTrainOptions({ decode: "fast" }))).toMatchObject({ decode: "fast", antialias: true });
  expect(ruleFor(parseTrainOptions({}))).toMatchObject({ decode: "exact", antialias: false });
});
