import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../src/data/duplicates/fingerprint.ts";
import type { RgbImage } from "../../src/data/image.ts";
import { smallerOf } from "../../src/data/prepare.ts";
import { plainDecoding, preprocessingSchema } from "../../src/data/preprocessing.ts";
import { decodeJpeg, takeJpeg } from "../../src/platform/node/jpeg.ts";
import { addonWithLibvips } from "../../src/platform/node/libvips.ts";

const straight = addonWithLibvips() !== undefined;

/** Colours that change from pixel to pixel, smooth enough for JPEG to keep most of them. */
function picture(width: number, height: number): Sharp {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3];
    return 128 + 120 * Math.sin(x / (3 + c) + y / (5 - c));
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

/** What sharp decodes, upright. */
async function bySharp(bytes: Uint8Array): Promise<RgbImage> {
  const image = sharp(bytes, { autoOrient: true, ignoreIcc: true, failOn: "error" }).toColourspace("srgb");
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: new Uint8Array(data) };
}

const kinds: Record<string, (image: Sharp) => Sharp> = {
  baseline: (image) => image.jpeg(),
  progressive: (image) => image.jpeg({ progressive: true }),
  "whole colours": (image) => image.jpeg({ chromaSubsampling: "4:4:4", progressive: true }),
  grey: (image) => image.toColourspace("b-w").jpeg(),
};
const sizes = [
  [1, 1],
  [3, 33],
  [17, 16],
  [300, 7],
  [257, 523],
] as const;
const rules = {
  small: { height: 4, width: 5 },
  large: { height: 101, width: 99 },
  cropped: { height: 24, width: 11, resize: "crop" },
  padded: { height: 24, width: 11, resize: "pad", interpolation: "bicubic" },
  antialias: { height: 9, width: 31, antialias: true },
  lanczos: { height: 40, width: 20, interpolation: "lanczos5", antialias: true },
  area: { height: 7, width: 13, interpolation: "area" },
  grey: { height: 8, width: 9, colorMode: "grayscale" },
} as const;

describe.runIf(straight)("JPEG straight from libvips", () => {
  it.each(Object.keys(kinds))("has sharp's pixels, %s", async (kind) => {
    for (const [width, height] of sizes) {
      const bytes = await kinds[kind]!(picture(width, height)).toBuffer();
      expect(await decodeJpeg(bytes, plainDecoding)).toEqual(await bySharp(bytes));
    }
  });

  it.each([2, 3, 4, 5, 6, 7, 8])("makes EXIF turn %d", async (orientation) => {
    const bytes = await picture(37, 50).withMetadata({ orientation }).jpeg().toBuffer();
    const expected = await bySharp(bytes);
    expect(expected.width).toBe(orientation > 4 ? 50 : 37);
    expect(await decodeJpeg(bytes, plainDecoding)).toEqual(expected);
    const rule = preprocessingSchema.parse(rules.small);
    expect((await takeJpeg(bytes, rule, false))?.image).toEqual(smallerOf(expected, rule, {}));
  });

  it.each(
    Object.entries(rules),
  )("takes what is kept and its fingerprint in one pass: %s", async (_, rule) => {
    const preprocessing = preprocessingSchema.parse({ ...rule, scale: 1 / 255, offset: -0.5 });
    for (const kind of Object.values(kinds)) {
      for (const [width, height] of sizes) {
        const bytes = await kind(picture(width, height)).toBuffer();
        const whole = await bySharp(bytes);
        const fingerprint = fingerprintOf(whole);
        const image = smallerOf(whole, preprocessing, {});
        expect(await takeJpeg(bytes, preprocessing, true)).toEqual({ image, fingerprint });
        expect(await takeJpeg(bytes, preprocessing, false)).toEqual({ image });
      }
    }
  });

  it("takes the fingerprint of a large picture, of which it looks at some pixels only", async () => {
    const bytes = await picture(1301, 777).jpeg().toBuffer();
    const taken = await takeJpeg(bytes, preprocessingSchema.parse(rules.small), true);
    expect(taken?.fingerprint).toEqual(fingerprintOf(await bySharp(bytes)));
  });

  it("gives the same whether one is decoded at a time or many", async () => {
    const rule = preprocessingSchema.parse(rules.antialias);
    const files = await Promise.all(
      sizes.map(([width, height]) => picture(width, height).jpeg({ progressive: true }).toBuffer()),
    );
    const many = Array.from({ length: 60 }, (_, i) => files[i % files.length]!);
    const taken = await Promise.all(many.map((bytes) => takeJpeg(bytes, rule, true)));
    for (const [i, each] of taken.entries()) expect(each).toEqual(taken[i % files.length]);
  });

  it("leaves to sharp what it does not read", async () => {
    const jpeg = await picture(64, 48).jpeg().toBuffer();
    const others = [
      await picture(8, 8).png().toBuffer(),
      await picture(8, 8).toColourspace("cmyk").jpeg().toBuffer(),
      jpeg.subarray(0, jpeg.length >> 1),
      jpeg.subarray(0, 30),
      new Uint8Array(),
    ];
    const rule = preprocessingSchema.parse(rules.small);
    for (const bytes of others) {
      expect(await decodeJpeg(bytes, plainDecoding)).toBeUndefined();
      expect(await takeJpeg(bytes, rule, true)).toBeUndefined();
    }
  });

  it("leaves to sharp a profile that counts", async () => {
    const bytes = await picture(8, 8).withIccProfile("p3").jpeg().toBuffer();
    expect(await decodeJpeg(bytes, { ...plainDecoding, iccProfile: "srgb" })).toBeUndefined();
    expect(await decodeJpeg(bytes, plainDecoding)).toEqual(await bySharp(bytes));
  });

  it("refuses too many pixels before it decodes any", async () => {
    const bytes = await picture(30, 20).jpeg().toBuffer();
    const rule = { ...preprocessingSchema.parse(rules.small), maxPixels: 599 };
    await expect(takeJpeg(bytes, rule, false)).rejects.toMatchObject({ code: "image.too-large" });
  });
});
