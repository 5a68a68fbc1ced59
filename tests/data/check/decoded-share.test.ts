import sharp from "sharp";
import { expect, it } from "vitest";
import { decodedShare } from "../../../src/data/check/decoded-share.ts";
import { decodeDamaged } from "../../../src/platform/node/decode-damaged.ts";
import { RandomStream } from "../../../src/util/random.ts";

const rows = (height: number, filled: number) => ({
  width: 3,
  height,
  pixels: Uint8Array.from({ length: height * 9 }, (_, i) => (i < filled * 9 ? 200 - (i % 7) : 128)),
});

it("counts the rows before the rest of one colour", () => {
  expect(decodedShare(rows(10, 4))).toBe(0.4);
  expect(decodedShare(rows(10, 0))).toBe(0);
  expect(decodedShare(rows(10, 10))).toBe(1);
  const half = rows(10, 4);
  half.pixels[4 * 9] = 1; // a row that has begun
  expect(decodedShare(half)).toBe(0.5);
});

it.each(["jpeg", "png", "gif", "webp"] as const)("says how much of half a %s decodes", async (format) => {
  const random = new RandomStream(1, "noise", 0);
  const pixels = Uint8Array.from({ length: 200 * 200 * 3 }, () => random.nextInteger(256));
  const whole = await sharp(pixels, { raw: { width: 200, height: 200, channels: 3 } })
    .toFormat(format)
    .toBuffer();
  const share = decodedShare((await decodeDamaged(whole.subarray(0, whole.length / 2)))!);
  expect(share).toBeGreaterThan(0.35);
  expect(share).toBeLessThan(0.65);
});

/** Noise in the upper half, waves below, tall enough for several of the stretches that libvips reads at a time. */
function tall() {
  const random = new RandomStream(2, "noise", 0);
  const [width, height] = [120, 900];
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    i < (width * height * 3) / 2 ? random.nextInteger(256) : 128 + 100 * Math.sin(i / 700),
  );
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

it("counts the rows of a tall PNG, of whatever kind, exactly", async () => {
  const kinds = [{}, { palette: true }, { compressionLevel: 1, adaptiveFiltering: true }];
  for (const kind of kinds) {
    const whole = new Uint8Array(await tall().png(kind).toBuffer());
    const sound = (await sharp(whole).raw().toBuffer()) as Uint8Array;
    const image = (await decodeDamaged(whole.subarray(0, whole.length / 2)))!;
    const rows = Math.round(decodedShare(image) * image.height);
    expect(rows).toBeGreaterThan(200);
    expect(rows).toBeLessThan(600);
    const bytes = (rows - 1) * image.width * 3; // the last one has only begun
    expect(Buffer.compare(image.pixels.subarray(0, bytes), sound.subarray(0, bytes))).toBe(0);
    expect(
      image.pixels.subarray(bytes + image.width * 3).every((value, i, all) => value === all[i % 3]),
    ).toBe(true);
  }
});

it("mends PNG that is interlaced, damaged in its data or cut in its header", async () => {
  const interlaced = new Uint8Array(await tall().png({ progressive: true }).toBuffer());
  const coarse = (await decodeDamaged(interlaced.subarray(0, interlaced.length / 2)))!;
  expect([coarse.width, coarse.height]).toEqual([120, 900]);
  expect(decodedShare(coarse)).toBeGreaterThan(0.9); // every eighth pixel of it
  const damaged = new Uint8Array(await tall().png().toBuffer());
  damaged.fill(0xff, damaged.length / 2);
  const share = decodedShare((await decodeDamaged(damaged))!);
  expect(share).toBeGreaterThan(0.2);
  expect(share).toBeLessThan(0.7);
  for (const length of [9, 20, 30]) expect(await decodeDamaged(damaged.subarray(0, length))).toBeUndefined();
});

it("knows which rows of a WebP come from its data", async () => {
  const whole = await tall().webp().toBuffer();
  const sound = (await sharp(whole).raw().toBuffer()) as Uint8Array;
  const image = (await decodeDamaged(whole.subarray(0, whole.length * 0.4)))!;
  const rows = Math.round(decodedShare(image) * image.height);
  expect(rows).toBeGreaterThan(100);
  expect(rows).toBeLessThan(300);
  const bytes = (rows - 24) * image.width * 3; // a row of blocks, and what is smoothed across its edge
  expect(Buffer.compare(image.pixels.subarray(0, bytes), sound.subarray(0, bytes))).toBe(0);
});

it("gets nothing of what is no image", async () => {
  expect(await decodeDamaged(new TextEncoder().encode("no image"))).toBeUndefined();
  expect(await decodeDamaged(Uint8Array.of(0xff, 0xd8, 0xff))).toBeUndefined();
});
