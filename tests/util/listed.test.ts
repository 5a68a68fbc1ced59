import { expect, it } from "vitest";
import { listed } from "../../src/util/listed.ts";

it("names a dozen, and counts the rest", () => {
  const names = Array.from({ length: 14 }, (_, i) => `n${i}`);
  expect(listed(names.slice(0, 12), "; ")).toBe(names.slice(0, 12).join("; "));
  expect(listed(names)).toBe(`${names.slice(0, 12).join(", ")}, and 2 more`);
  expect(listed([])).toBe("");
});
