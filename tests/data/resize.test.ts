import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { preparePixels } from "../../src/data/prepare.ts";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";
import { resizeBilinear } from "../../src/data/resize.ts";

interface ResizeCase {
  readonly input: [height: number, width: number];
  readonly output: [height: number, width: number];
  /** Where its values begin. */
  readonly at: number;
}

const fixtures = new URL("../fixtures/resize/", import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL("bilinear.json", fixtures), "utf8")) as {
  cases: ResizeCase[];
};
const bytes = readFileSync(new URL("bilinear.f32", fixtures));
const golden = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));

/** The same noise as `picture` in make.py. */
function picture(height: number, width: number): RgbImage {
  let state = height * 1000 + width;
  const pixels = Uint8Array.from({ length: height * width * 3 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) & 255;
  });
  return { height, width, pixels };
}

describe("resizeBilinear", () => {
  it.each(cases)("gives the bits of tf.image.resize, $input to $output", ({ input, output, at }) => {
    const resized = resizeBilinear(picture(...input), ...output);
    expect(resized).toEqual(golden.slice(at, at + output[0] * output[1] * 3));
  });

  it("has fixtures for all cases", () => {
    expect(cases.length).toBe(14);
    const last = cases[cases.length - 1];
    expect(golden.length).toBe(last.at + last.output[0] * last.output[1] * 3);
  });
});

describe("preparePixels", () => {
  it("scales and shifts after resizing, in float32 as Keras's Rescaling does", () => {
    const preprocessing = preprocessingSchema.parse({ height: 1, width: 2, scale: 1 / 127.5, offset: -1 });
    const image = { height: 1, width: 2, pixels: Uint8Array.of(0, 51, 255, 1, 2, 254) };
    const expected = [0, 51, 255, 1, 2, 254].map((value) =>
      Math.fround(Math.fround(value * Math.fround(1 / 127.5)) + -1),
    );
    expect([...preparePixels(image, preprocessing)]).toEqual(expected);
  });

  it("ends in [0, 1] by default and leaves the picture as it was", () => {
    const preprocessing = preprocessingSchema.parse({ height: 3, width: 5 });
    const image = picture(7, 4);
    const before = image.pixels.slice();
    const values = preparePixels(image, preprocessing);
    expect(values.length).toBe(3 * 5 * 3);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(image.pixels).toEqual(before);
  });
});
