import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import type { PixelImage } from "../../src/data/image.ts";
import { type PreparePixels, preparePixels } from "../../src/data/prepare.ts";
import {
  type Interpolation,
  interpolations,
  preprocessingSchema,
  type ResizeMode,
  resizeModes,
} from "../../src/data/preprocessing.ts";
import { nativePreparePictures, nativePreparePixels } from "../../src/platform/node/prepare.ts";
import { RandomStream } from "../../src/util/random.ts";

interface ResizeCase {
  readonly input: [height: number, width: number];
  readonly output: [height: number, width: number];
  readonly channels: 1 | 3;
  readonly resize: ResizeMode;
  readonly interpolation: Interpolation;
  readonly antialias: boolean;
  /** Where its values begin. */
  readonly at: number;
}

const fixtures = new URL("../fixtures/resize/", import.meta.url);

/** The cases of a fixture, each with the values that TensorFlow gives. */
function readGolden(name: string): (ResizeCase & { values: Float32Array })[] {
  const { cases } = JSON.parse(readFileSync(new URL(`${name}.json`, fixtures), "utf8")) as {
    cases: ResizeCase[];
  };
  const bytes = readFileSync(new URL(`${name}.f32`, fixtures));
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return cases.map((one) => {
    const length = one.output[0] * one.output[1] * one.channels;
    return { ...one, values: all.slice(one.at, one.at + length) };
  });
}

/** The same noise as `picture` in make.py. */
function picture(height: number, width: number, channels: 1 | 3 = 3): PixelImage {
  let state = height * 1000 + width;
  const pixels = Uint8Array.from({ length: height * width * channels }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) & 255;
  });
  return { height, width, channels, pixels };
}

/** What a way to prepare pixels gives. */
function prepared(
  prepare: PreparePixels,
  image: PixelImage,
  given: z.input<typeof preprocessingSchema>,
): Float32Array {
  const values = new Float32Array(given.height * given.width * image.channels).fill(Number.NaN);
  prepare(image, preprocessingSchema.parse(given), values);
  return values;
}

/** What a case gives, in 0..255 as TensorFlow does. */
function resized(prepare: PreparePixels, { input, output, channels, ...rule }: ResizeCase): Float32Array {
  const [height, width] = output;
  return prepared(prepare, picture(...input, channels), { ...rule, height, width, scale: 1 });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

const native = nativePreparePixels();
if (!native) console.warn("SKIPPED: preparing pixels natively, as the addon was not compiled");
const ways: [string, PreparePixels][] = [
  ["plain", preparePixels],
  ...(native ? [["native", native] as [string, PreparePixels]] : []),
];

const bilinear = readGolden("bilinear");
const modes = readGolden("modes");

/** Of values in 0..255, and so 1.2e-6 of what a model takes: both sides round each of up to 200 sums to float32. */
const TOLERANCE = 3e-4;

describe.each(ways)("preparing pixels, %s", (_name, prepare) => {
  it.each(bilinear)("resizes to the bits of tf.image.resize, $input to $output", (one) => {
    expect(resized(prepare, one)).toEqual(one.values);
  });

  it.each(
    modes,
  )("resizes as Keras: $resize, $interpolation, antialias $antialias, $input to $output of $channels", (one) => {
    const values = resized(prepare, one);
    expect(values.length).toBe(one.values.length);
    expect(largestDifference(values, one.values)).toBeLessThan(TOLERANCE);
  });

  it("scales and shifts after resizing, in float32 as Keras's Rescaling does", () => {
    const image = { height: 1, width: 2, channels: 3, pixels: Uint8Array.of(0, 51, 255, 1, 2, 254) } as const;
    const expected = [0, 51, 255, 1, 2, 254].map((value) =>
      Math.fround(Math.fround(value * Math.fround(1 / 127.5)) + -1),
    );
    for (const interpolation of interpolations) {
      const given = { height: 1, width: 2, interpolation, scale: 1 / 127.5, offset: -1 };
      expect([...prepared(prepare, image, given)]).toEqual(expected);
    }
  });

  it("ends in [0, 1] by default and leaves the picture as it was", () => {
    const image = picture(7, 4);
    const before = image.pixels.slice();
    const values = prepared(prepare, image, { height: 3, width: 5 });
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(image.pixels).toEqual(before);
  });

  it("does not clip what bicubic and Lanczos give beyond black and white", () => {
    const edge = { height: 1, width: 4, channels: 1, pixels: Uint8Array.of(0, 0, 255, 255) } as const;
    for (const interpolation of ["bicubic", "lanczos3", "lanczos5"] as const) {
      const values = prepared(prepare, edge, { height: 1, width: 16, interpolation });
      expect(Math.min(...values)).toBeLessThan(-0.01);
      expect(Math.max(...values)).toBeGreaterThan(1.01);
    }
  });

  it("pads with black, which is scaled like other pixels", () => {
    const white = { height: 1, width: 2, channels: 1, pixels: Uint8Array.of(255, 255) } as const;
    for (const interpolation of interpolations) {
      const given = { height: 4, width: 4, resize: "pad", interpolation, scale: 2, offset: -1 } as const;
      const values = [...prepared(prepare, white, given)];
      expect([...values.slice(0, 4), ...values.slice(12)]).toEqual(new Array(8).fill(-1));
      for (const value of values.slice(4, 12)) expect(value).toBeCloseTo(509, 3);
    }
  });

  it("leaves a pixel of a picture so long that TensorFlow would refuse to pad it", () => {
    const long = { height: 1, width: 1000, channels: 1, pixels: new Uint8Array(1000).fill(255) } as const;
    const values = prepared(prepare, long, { height: 3, width: 3, resize: "pad" });
    expect([...values]).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0]);
  });
});

it("has TensorFlow's values for every way to resize, up and down", () => {
  expect([bilinear.length, modes.length]).toEqual([14, 150]);
  for (const interpolation of interpolations) {
    for (const antialias of [false, true]) {
      const found = modes.filter((one) => one.interpolation === interpolation && one.antialias === antialias);
      expect(found.some(({ input, output }) => input[0] < output[0])).toBe(true);
      expect(found.some(({ input, output }) => input[0] > 4 * output[0])).toBe(true);
    }
  }
});

describe.skipIf(!native)("the native way", () => {
  it.each([
    { height: 17, width: 23 },
    { height: 31, width: 9, scale: 2, offset: -1, resize: "pad", interpolation: "lanczos3", antialias: true },
  ] as const)("prepares many pictures at once, end to end, to the bits of each alone: %j", async (given) => {
    const rule = preprocessingSchema.parse(given);
    const length = given.height * given.width * 3;
    const sizes = Array.from({ length: 21 }, (_, index) => [1 + 7 * index, 40 - index] as const);
    const images = sizes.map(([height, width]) => picture(height, width));
    const alone = images.map((image) => prepared(preparePixels, image, given));
    const kept = images.map((image, index) => (index % 3 === 1 ? alone[index] : image));
    const together = new Float32Array(length * images.length).fill(Number.NaN);
    await nativePreparePictures()!(kept, rule, together);
    for (const [index, values] of alone.entries())
      expect(together.subarray(index * length, (index + 1) * length)).toEqual(values);
    await nativePreparePictures()!([], rule, new Float32Array(0));
  });

  it("refuses floats of another length, and pictures for less room than there is", async () => {
    const rule = preprocessingSchema.parse({ height: 2, width: 2 });
    const prepare = nativePreparePictures()!;
    await expect(prepare([new Float32Array(11)], rule, new Float32Array(12))).rejects.toThrow("as long as");
    await expect(prepare([picture(3, 3)], rule, new Float32Array(11))).rejects.toThrow("as long as");
  });

  it("gives the plain one's bits, whatever the sizes and the rule", () => {
    const random = new RandomStream(1, "sizes");
    const size = () => 1 + random.nextInteger(random.nextInteger(4) === 0 ? 300 : 20);
    const pick = <T>(choices: readonly T[]) => choices[random.nextInteger(choices.length)];
    for (let i = 0; i < 300; i++) {
      const image = picture(size(), size(), pick([1, 3]));
      const rule = {
        resize: pick(resizeModes),
        interpolation: i < 100 ? "bilinear" : pick(interpolations),
        antialias: i >= 100 && pick([false, true]),
      };
      const given = {
        height: size(),
        width: size(),
        scale: random.next(),
        offset: random.next() - 0.5,
        ...rule,
      };
      expect(prepared(native!, image, given), JSON.stringify({ ...given, ...image, pixels: 0 })).toEqual(
        prepared(preparePixels, image, given),
      );
    }
  });
});
