import sharp from "sharp";
import { expect, it } from "vitest";
import { decodedShare } from "../../../src/data/check/decoded-share.ts";
import { decodeDamaged } from "../../../src/platform/node/inspect.ts";
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

it.each(["jpeg", "png", "gif"] as const)("says how much of half a %s decodes", async (format) => {
  const random = new RandomStream(1, "noise", 0);
  const pixels = Uint8Array.from({ length: 200 * 200 * 3 }, () => random.nextInteger(256));
  const whole = await sharp(pixels, { raw: { width: 200, height: 200, channels: 3 } })
    .toFormat(format)
    .toBuffer();
  const share = decodedShare((await decodeDamaged(whole.subarray(0, whole.length / 2)))!);
  expect(share).toBeGreaterThan(0.35);
  expect(share).toBeLessThan(0.65);
});

it("gets nothing of what is no image", async () => {
  expect(await decodeDamaged(new TextEncoder().encode("no image"))).toBeUndefined();
  expect(await decodeDamaged(Uint8Array.of(0xff, 0xd8, 0xff))).toBeUndefined();
});
