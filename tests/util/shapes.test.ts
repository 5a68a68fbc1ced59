import { expect, it } from "vitest";
import { elementCount, formatShape, roundUp, sameShape } from "../../src/util/shapes.ts";

it("counts elements; a scalar has one, an empty axis none", () => {
  expect(elementCount([])).toBe(1);
  expect(elementCount([2, 3, 5])).toBe(30);
  expect(elementCount([2, 0, 5])).toBe(0);
});

it("compares shapes by every axis", () => {
  expect(sameShape([], [])).toBe(true);
  expect(sameShape([2, 3], [2, 3])).toBe(true);
  expect(sameShape([2, 3], [3, 2])).toBe(false);
  expect(sameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(sameShape([2, 3, 1], [2, 3])).toBe(false);
});

it("writes shapes as people do", () => {
  expect(formatShape([32, 254, 254, 16])).toBe("32x254x254x16");
  expect(formatShape([])).toBe("scalar");
});

it("rounds up to a step", () => {
  expect([0, 1, 63, 64, 65].map((value) => roundUp(value, 64))).toEqual([0, 64, 64, 64, 128]);
});
