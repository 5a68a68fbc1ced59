import { expect, it } from "vitest";
import { inColour } from "../../src/data/colour.ts";
import { keepSmaller } from "../../src/data/prepare.ts";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";

// Pillow 12: Image.fromarray(pixels).convert("L")
const pixels = Uint8Array.of(
  95,
  130,
  194,
  217,
  207,
  235,
  15,
  163,
  33,
  215,
  217,
  130,
  0,
  0,
  0,
  255,
  255,
  255,
  7,
  7,
  7,
);
const greys = [127, 213, 104, 206, 0, 255, 7];
const image = { width: 7, height: 1, pixels };

it("makes grey as Pillow's L, and so as Keras's load_img", () => {
  const grey = inColour(image, { colorMode: "grayscale" });
  expect(grey).toMatchObject({ width: 7, height: 1, channels: 1 });
  expect([...grey.pixels]).toEqual(greys);
});

it("leaves colours alone otherwise", () => {
  expect(inColour(image, { colorMode: "rgb" })).toEqual({ ...image, channels: 3 });
});

it.each([1, 4])("gives a model of one channel a value a pixel, at %d times the size", (times) => {
  const [height, width] = [times, 7 * times];
  const rule = preprocessingSchema.parse({
    height,
    width,
    colorMode: "grayscale",
    interpolation: "nearest",
    scale: 1,
  });
  const kept = keepSmaller(image, rule, {});
  expect(kept.length).toBe(height * width);
  const values = new Float32Array(kept.length);
  kept.copyTo(values);
  expect([...values.subarray(0, width)]).toEqual(greys.flatMap((grey) => new Array(times).fill(grey)));
});
