import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { RgbImage } from "../../src/data/image.ts";
import { type PreparePixels, preparePixels } from "../../src/data/prepare.ts";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";
import { nativePreparePixels } from "../../src/platform/node/prepare.ts";
import { RandomStream } from "../../src/util/random.ts";

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

/** What a way to prepare pixels gives. */
function prepared(
  prepare: PreparePixels,
  image: RgbImage,
  given: z.input<typeof preprocessingSchema>,
): Float32Array {
  const values = new Float32Array(given.height * given.width * 3);
  prepare(image, preprocessingSchema.parse(given), values);
  return values;
}

const native = nativePreparePixels();
if (!native) console.warn("SKIPPED: preparing pixels natively, as the addon was not compiled");
const ways: [string, PreparePixels][] = [
  ["plain", preparePixels],
  ...(native ? [["native", native] as [string, PreparePixels]] : []),
];

describe.each(ways)("preparing pixels, %s", (_name, prepare) => {
  it.each(cases)("resizes to the bits of tf.image.resize, $input to $output", ({ input, output, at }) => {
    const [height, width] = output;
    const resized = prepared(prepare, picture(...input), { height, width, scale: 1 });
    expect(resized).toEqual(golden.slice(at, at + height * width * 3));
  });

  it("has fixtures for all cases", () => {
    expect(cases.length).toBe(14);
    const last = cases[cases.length - 1];
    expect(golden.length).toBe(last.at + last.output[0] * last.output[1] * 3);
  });

  it("scales and shifts after resizing, in float32 as Keras's Rescaling does", () => {
    const image = { height: 1, width: 2, pixels: Uint8Array.of(0, 51, 255, 1, 2, 254) };
    const expected = [0, 51, 255, 1, 2, 254].map((value) =>
      Math.fround(Math.fround(value * Math.fround(1 / 127.5)) + -1),
    );
    expect([...prepared(prepare, image, { height: 1, width: 2, scale: 1 / 127.5, offset: -1 })]).toEqual(
      expected,
    );
  });

  it("ends in [0, 1] by default and leaves the picture as it was", () => {
    const image = picture(7, 4);
    const before = image.pixels.slice();
    const values = prepared(prepare, image, { height: 3, width: 5 });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(image.pixels).toEqual(before);
  });
});

describe.skipIf(!native)("the native way", () => {
  it("gives the plain one's bits, whatever the sizes", () => {
    const random = new RandomStream(1, "sizes");
    const size = () => 1 + random.nextInteger(random.nextInteger(4) === 0 ? 300 : 20);
    for (let i = 0; i < 150; i++) {
      const image = picture(size(), size());
      const given = { height: size(), width: size(), scale: random.next(), offset: random.next() - 0.5 };
      expect(prepared(native!, image, given), JSON.stringify({ ...given, ...image, pixels: 0 })).toEqual(
        prepared(preparePixels, image, given),
      );
    }
  });
});
