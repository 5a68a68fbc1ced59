import { expect, it } from "vitest";
import { compareCodePoints } from "../../src/data/compare.ts";

it("orders as Python's sorted does, beyond U+FFFF too", () => {
  // Python: sorted(["😀", "\uffee", "a", "", "B", "ab", "é", "\ue000"]) — an emoji is U+1F600, so it comes last.
  const sorted = ["", "B", "a", "ab", "é", "\ue000", "\uffee", "😀"];
  expect([...sorted].reverse().sort(compareCodePoints)).toEqual(sorted);
  expect(["😀", "\uffee"].sort()).toEqual(["😀", "\uffee"]); // what JavaScript would do
});
