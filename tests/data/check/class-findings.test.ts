import { expect, it } from "vitest";
import { takeCensus } from "../../../src/data/check/class-findings.ts";
import type { SurveyedPhoto } from "../../../src/data/check/survey.ts";

const photo = (classIndex: number, hash: string) => ({ sample: { classIndex }, hash }) as SurveyedPhoto;

it("counts as a split does: copies once, and what lies in two classes not at all", () => {
  const photos = [photo(0, "a"), photo(0, "a"), photo(0, "b"), photo(1, "b"), photo(1, "c"), photo(0, "b")];
  expect(takeCensus(["x", "y", "z"], photos, [{ sample: { classIndex: 2 } }])).toEqual([
    { name: "x", files: 4, usable: 4, different: 1 },
    { name: "y", files: 2, usable: 2, different: 1 },
    { name: "z", files: 1, usable: 0, different: 0 },
  ]);
});
