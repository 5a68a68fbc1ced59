import { describe, expect, it } from "vitest";
import { encodeLabels } from "../../src/training/labelled-images.ts";

describe("labels", () => {
  it("of two classes are 0 and 1 in one column", () => {
    expect(encodeLabels([0, 1, 1], 1)).toEqual(Float32Array.of(0, 1, 1));
  });

  it("of more are one-hot rows", () => {
    expect(encodeLabels([2, 0], 3)).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0));
  });
});
