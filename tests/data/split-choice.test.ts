import { expect, it } from "vitest";
import { parseSplitChoice } from "../../src/data/split-choice.ts";

const refusal = (code: string) => expect.objectContaining({ name: "InputError", code });

it.each([
  ["80,10,10", { by: "ratios", ratios: [80, 10, 10] }],
  ["keras", { by: "keras", validationSplit: 0.2 }],
  ["Keras:0.35", { by: "keras", validationSplit: 0.35 }],
  ["runs/photos-2026-01-31-1", { by: "kept", path: "runs/photos-2026-01-31-1" }],
  ["runs/a,b", { by: "kept", path: "runs/a,b" }],
  ["split.json", { by: "kept", path: "split.json" }],
  ["run-1", { by: "kept", path: "run-1" }],
])("reads %j", (text, choice) => {
  expect(parseSplitChoice(text)).toEqual(choice);
});

it.each([
  ["80,20", "split.bad-ratios"],
  ["a,b,c", "split.bad-ratios"],
  ["", "split.bad-ratios"],
  ["70 20 10", "split.bad-ratios"],
  ["keras:", "split.bad-keras"],
  ["keras:1", "split.bad-keras"],
  ["keras:x", "split.bad-keras"],
])("refuses %j", (text, code) => {
  expect(() => parseSplitChoice(text)).toThrow(refusal(code));
});
