import { describe, expect, it } from "vitest";
import { InputError, suggest } from "../../src/util/errors.ts";

const names = ["Conv2D", "Dense", "Dropout", "MaxPooling2D", "AveragePooling2D"];

describe("suggest", () => {
  it.each([
    ["conv2d", "Conv2D"],
    ["Dens", "Dense"],
    ["Dnese", "Dense"],
    ["MaxPool2D", "MaxPooling2D"],
  ])("offers for %s the near name %s", (received, nearest) => {
    expect(suggest(received, names)).toMatch(new RegExp(`^Did you mean "${nearest}"`));
  });

  it("puts the nearest first and offers at most three", () => {
    expect(suggest("abcd", ["abzz", "abcz", "abcd", "abcde", "abce"])).toBe(
      'Did you mean "abcd" or "abcz" or "abcde"?',
    );
  });

  it("lists all names when none is near", () => {
    expect(suggest("transformer", ["Conv2D", "Dense"])).toBe("Known: Conv2D, Dense.");
    expect(suggest("", ["Conv2D", "Dense"])).toBe("Known: Conv2D, Dense.");
  });
});

describe("InputError", () => {
  it("keeps its code, message and cause", () => {
    const cause = new Error("below");
    const error = new InputError("data.no-such-folder", "Expected a folder", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "InputError",
      code: "data.no-such-folder",
      message: "Expected a folder",
    });
    expect(error.cause).toBe(cause);
  });
});
