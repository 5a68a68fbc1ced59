import { expect, it } from "vitest";
import { flagOf } from "../../src/cli/options.ts";
import { parseTrainOptions } from "../../src/tasks/train-options.ts";

it("an option is called by its name in a program, and by its flag on the command line", () => {
  expect(flagOf("imageSize")).toBe("--image-size");
  const refusal = " to be a whole number from 1 to 4096, found 0";
  expect(() => parseTrainOptions({ imageSize: 0 })).toThrow(`Expected imageSize${refusal}`);
  expect(() => parseTrainOptions({ imageSize: 0 }, flagOf)).toThrow(`Expected --image-size${refusal}`);
});

it("a number that is no number, or of the wrong kind, is named as it came", () => {
  const parse = (given: object) => () => parseTrainOptions(given);
  expect(parse({ learningRate: Number.NaN })).toThrow("to be a number above 0, found NaN");
  expect(parse({ seed: 2 ** 53 })).toThrow("from 0 to 9007199254740991, found 9007199254740992");
  expect(parse({ model: 7 })).toThrow("Expected model to be text, found 7");
});
