import { encode as encodeBmp } from "fast-bmp";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { floatsOf, keepSmaller } from "../../src/data/prepare.ts";
import { plainDecoding, preprocessingSchema } from "../../src/data/preprocessing.ts";
import { shrinkOf } from "../../src/data/shrink.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";

const { decode, encodePng } = nodePlatform;

/** Four pixels, told apart in each channel: red green / blue white, nearly. */
const corners: RgbImage = {
  width: 2,
  height: 2,
  pixels: Uint8Array.of(250, 10, 20, 30, 240, 40, 50, 60, 230, 255, 254, 253),
};

const raw = (image: RgbImage) =>
  sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 3 } });

function noise(width: number, height: number): RgbImage {
  return {
    width,
    height,
    pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * i * 31) >> 3),
  };
}

const refusal = (code: string, text: string) =>
  expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(text) });

describe("decode", () => {
  it.each([
    ["png", () => raw(corners).png()],
    ["webp", () => raw(corners).webp({ lossless: true })],
    ["tiff", () => raw(corners).tiff({ compression: "lzw" })],
    ["gif", () => raw(corners).gif()],
  ])("gives the pixels of lossless %s", async (_, encoder) => {
    expect(await decode(await encoder().toBuffer())).toEqual(corners);
  });

  it("gives about the pixels of JPEG and AVIF", async () => {
    const flat = sharp({
      create: { width: 16, height: 8, channels: 3, background: { r: 200, g: 100, b: 50 } },
    });
    for (const bytes of [await flat.clone().jpeg().toBuffer(), await flat.clone().avif().toBuffer()]) {
      const { width, height, pixels } = await decode(bytes);
      expect([width, height, pixels.length]).toEqual([16, 8, 16 * 8 * 3]);
      for (const [i, value] of pixels.entries()) {
        expect(Math.abs(value - [200, 100, 50][i % 3])).toBeLessThanOrEqual(3); // a lossy codec's rounding
      }
    }
  });

  // Where the upper left pixel of the stored picture goes, by EXIF 2.32, table 6.
  it.each([
    [1, [0, 1, 2, 3]],
    [2, [1, 0, 3, 2]],
    [3, [3, 2, 1, 0]],
    [4, [2, 3, 0, 1]],
    [5, [0, 2, 1, 3]],
    [6, [2, 0, 3, 1]],
    [7, [3, 1, 2, 0]],
    [8, [1, 3, 0, 2]],
  ])("makes EXIF turn %d", async (orientation, from) => {
    const bytes = await raw(corners).withMetadata({ orientation }).png().toBuffer();
    const turned = from.flatMap((pixel) => [...corners.pixels.subarray(pixel * 3, pixel * 3 + 3)]);
    expect([...(await decode(bytes)).pixels]).toEqual(turned);
  });

  it("exchanges width and height for a quarter turn", async () => {
    const bytes = await raw(noise(5, 3)).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decode(bytes)).toMatchObject({ width: 3, height: 5 });
  });

  it("triples grey", async () => {
    const grey = sharp(Uint8Array.of(7, 99), { raw: { width: 2, height: 1, channels: 1 } });
    const bytes = await grey.toColourspace("b-w").png().toBuffer();
    expect([...(await decode(bytes)).pixels]).toEqual([7, 7, 7, 99, 99, 99]);
  });

  it("drops alpha and keeps the colour under it, as tf.io.decode_image(channels=3) does", async () => {
    const rgba = sharp(Uint8Array.of(9, 8, 7, 0, 100, 50, 25, 128), {
      raw: { width: 2, height: 1, channels: 4 },
    });
    expect([...(await decode(await rgba.png().toBuffer())).pixels]).toEqual([9, 8, 7, 100, 50, 25]);
  });

  it("drops the lower eight of sixteen bits", async () => {
    const deep = sharp(Uint16Array.of(0x12ff, 0x3480, 0xfeff), { raw: { width: 1, height: 1, channels: 3 } });
    const bytes = await deep.toColourspace("rgb16").png().toBuffer();
    expect((await sharp(bytes).metadata()).depth).toBe("ushort");
    expect([...(await decode(bytes)).pixels]).toEqual([0x12, 0x34, 0xfe]);
  });

  it("leaves the colour profile alone", async () => {
    const bytes = await raw(corners).withIccProfile("p3", { attach: true }).png().toBuffer();
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect((await sharp(bytes).metadata()).icc).toBeDefined();
    expect([...(await decode(bytes)).pixels]).toEqual([...stored]);
    expect([...(await sharp(bytes).raw().toBuffer())]).not.toEqual([...stored]); // the profile does matter
  });

  it("reads the first frame of an animation", async () => {
    const frames = sharp(noise(4, 12).pixels.fill(0, 0, 48), {
      raw: { width: 4, height: 12, channels: 3, pageHeight: 4 },
    });
    for (const bytes of [await frames.clone().gif().toBuffer(), await frames.clone().webp().toBuffer()]) {
      expect(await decode(bytes)).toMatchObject({ width: 4, height: 4, pixels: new Uint8Array(48) });
    }
  });

  it("refuses what is no image, by content", async () => {
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
    await expect(decode(svg)).rejects.toEqual(refusal("image.unsupported", "found SVG"));
    await expect(decode(new Uint8Array())).rejects.toEqual(
      refusal("image.unsupported", "found an empty file"),
    );
  });

  it.each(["jpeg", "png", "webp", "gif", "tiff"] as const)("refuses %s that is cut short", async (format) => {
    const bytes = await raw(noise(64, 64)).toFormat(format).toBuffer();
    for (const share of [0.2, 0.6, 0.95]) {
      const error = await decode(bytes.subarray(0, Math.floor(bytes.length * share))).catch(
        (caught) => caught,
      );
      expect(error).toMatchObject({
        name: "InputError",
        code: expect.stringMatching(/^image\.(cut-short|corrupt)$/),
      });
      expect(error.message).not.toMatch(/\n|vips/i);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  it("forgives bytes behind the picture and wrong checksums of comments", async () => {
    const png = await raw(corners).png().toBuffer();
    const comment = Buffer.from("\0\0\0\x05tEXta\0bcdXXXX", "latin1");
    const withComment = Buffer.concat([
      png.subarray(0, 33),
      comment,
      png.subarray(33),
      Buffer.from("and more"),
    ]);
    expect(await decode(withComment)).toEqual(corners);
  });

  it("refuses a picture of too many pixels before it decodes any", async () => {
    const png = Buffer.from(await raw(corners).png({ compressionLevel: 0 }).toBuffer());
    png.writeUInt32BE(40_000, 16);
    png.writeUInt32BE(40_000, 20);
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    await expect(decode(png)).rejects.toEqual(refusal("image.too-large", "40000x40000"));
  });

  it("refuses what the rule says is too large, whatever the format", async () => {
    const bmp = encodeBmp({
      width: 2,
      height: 2,
      data: corners.pixels,
      channels: 3,
      components: 3,
      bitsPerPixel: 24,
    });
    for (const bytes of [await raw(corners).webp().toBuffer(), bmp]) {
      expect(await decode(bytes, { ...plainDecoding, maxPixels: 4 })).toMatchObject({ width: 2, height: 2 });
      const refused = refusal("image.too-large", "at most 3 pixels");
      await expect(decode(bytes, { ...plainDecoding, maxPixels: 3 })).rejects.toEqual(refused);
    }
  });

  it("takes half as many pixels of AVIF, for what these take to decode", async () => {
    const avif = await raw(noise(8, 4)).avif().toBuffer();
    expect(await decode(avif, { ...plainDecoding, maxPixels: 64 })).toMatchObject({ width: 8, height: 4 });
    const refused = refusal("image.too-large", "an AVIF image of at most 31 pixels, found one of 8x4");
    await expect(decode(avif, { ...plainDecoding, maxPixels: 63 })).rejects.toEqual(refused);
  });

  it("refuses a JPEG of more scans than its size allows, in a damaged one too", async () => {
    const jpeg = await raw(noise(64, 64)).jpeg({ progressive: true }).toBuffer();
    const rule = (most: number) => ({ ...plainDecoding, maxPixels: (64 * 64 * most) / 16 });
    expect(await decode(jpeg, rule(16))).toMatchObject({ width: 64 });
    const last = jpeg.lastIndexOf(Buffer.of(0xff, 0xda));
    const again = jpeg.subarray(last, -2);
    const bomb = Buffer.concat([jpeg.subarray(0, -2), ...Array(7).fill(again), jpeg.subarray(-2)]);
    const refused = refusal("image.too-large", "at most 16 scans in a JPEG of 64x64, found 17");
    await expect(decode(bomb, rule(16))).rejects.toEqual(refused);
    const many = Buffer.concat([jpeg.subarray(0, -2), ...Array(400_000).fill(again)]);
    expect(await nodePlatform.decodeDamaged(many)).toBeUndefined();
  });

  it.each([
    "png",
    "webp",
    "tiff",
    "avif",
  ] as const)("blends %s with the background that the rule names", async (format) => {
    const rgba = sharp(Uint8Array.of(9, 8, 7, 0, 100, 50, 25, 128, 200, 100, 50, 255), {
      raw: { width: 3, height: 1, channels: 4 },
    });
    const bytes = await rgba
      .toFormat(format, { lossless: true, compression: format === "tiff" ? "lzw" : undefined })
      .toBuffer();
    const { pixels } = await decode(bytes, { ...plainDecoding, background: "#ff0080" });
    const expected = [255, 0, 128, 177, 25, 76, 200, 100, 50];
    for (const [i, value] of pixels.entries()) expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(1);
  });

  it.each([
    8, 16,
  ])("turns colours of %d bits from their profile to sRGB where the rule says so", async (bits) => {
    const srgb = { ...plainDecoding, iccProfile: "srgb" } as const;
    const flat = sharp({
      create: { width: 8, height: 8, channels: 3, background: { r: 200, g: 100, b: 50 } },
    });
    const deep = bits === 16 ? flat.toColourspace("rgb16") : flat;
    const bytes = await deep.withIccProfile("p3").png().toBuffer(); // pixels in Display P3
    const [stored, turned] = [await decode(bytes), await decode(bytes, srgb)];
    expect([...stored.pixels.subarray(0, 3)]).not.toEqual([200, 100, 50]);
    for (const [i, value] of turned.pixels.entries()) {
      expect(Math.abs(value - [200, 100, 50][i % 3])).toBeLessThanOrEqual(2); // there and back
    }
  });
});

describe("decoding fast", () => {
  const rule = preprocessingSchema.parse({ height: 20, width: 20, decode: "fast", antialias: true });

  /** Smooth, so that a wrong place shows and a rounding does not. */
  const ramp = (width: number, height: number): RgbImage => ({
    width,
    height,
    pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return [(200 * x) / width, (200 * y) / height, 100][i % 3]!;
    }),
  });

  it.each([
    [199, 121], // divided by 4
    [62, 400], // by 2
    [1001, 733], // by 8
  ])("makes a JPEG of %dx%d smaller, and the model sees what it would have seen", async (width, height) => {
    for (const progressive of [false, true]) {
      const bytes = await raw(ramp(width, height)).jpeg({ quality: 95, progressive }).toBuffer();
      const [small, whole] = [await decode(bytes, rule), await decode(bytes)];
      const divisor = shrinkOf(rule, whole);
      expect(divisor).toBeGreaterThan(1);
      expect([small.width, small.height]).toEqual([width, height].map((side) => Math.floor(side / divisor)));
      const [fast, exact] = [small, whole].map((image) => floatsOf(keepSmaller(image, rule, {})));
      const differences = fast!.map((value, i) => Math.abs(value - exact![i]!));
      expect(Math.max(...differences)).toBeLessThan(0.03); // edges meet other neighbours
      expect(differences.reduce((a, b) => a + b) / differences.length).toBeLessThan(0.005);
    }
  });

  it("turns the picture before it divides the sides", async () => {
    const bytes = await raw(ramp(400, 62)).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await decode(bytes, rule)).toMatchObject({ width: 31, height: 200 });
  });

  it("leaves small JPEG and other formats as they are", async () => {
    const small = await raw(ramp(39, 39)).jpeg().toBuffer();
    expect(await decode(small, rule)).toEqual(await decode(small));
    const png = await raw(ramp(199, 121)).png().toBuffer();
    expect(await decode(png, rule)).toEqual(await decode(png));
  });

  it("refuses what is cut short or has too many pixels, as ever", async () => {
    const bytes = await raw(noise(300, 200)).jpeg().toBuffer();
    const cut = decode(bytes.subarray(0, bytes.length >> 1), rule);
    await expect(cut).rejects.toEqual(refusal("image.cut-short", "JPEG"));
    const bomb = decode(bytes, { ...rule, maxPixels: 59_999 });
    await expect(bomb).rejects.toEqual(refusal("image.too-large", "300x200"));
  });
});

describe("encodePng", () => {
  it("is undone by decode", async () => {
    expect(await decode(await encodePng(noise(17, 5)))).toEqual(noise(17, 5));
  });
});

/** PNG's checksum (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
