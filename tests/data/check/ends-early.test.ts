import { encode as encodeBmp } from "fast-bmp";
import sharp from "sharp";
import { expect, it } from "vitest";
import { endsEarly } from "../../../src/data/check/ends-early.ts";

const picture = () => sharp({ create: { width: 30, height: 20, channels: 3, background: "#37a" } });

it.each(["jpeg", "png", "gif", "webp"] as const)("sees that a %s was cut", async (format) => {
  const whole = await picture().toFormat(format).toBuffer();
  expect(endsEarly(whole, format)).toBe(false);
  for (const share of [0.5, 0.9]) {
    expect(endsEarly(whole.subarray(0, Math.floor(share * whole.length)), format)).toBe(true);
  }
  const followed = Buffer.concat([whole, Buffer.from("\0\0")]); // as some cameras write them
  expect(endsEarly(followed, format)).toBe(false);
});

it("sees that a BMP was cut, and says nothing of formats whose end it does not know", () => {
  const data = new Uint8Array(6 * 4 * 3);
  const bmp = encodeBmp({ width: 6, height: 4, data, channels: 3, components: 3, bitsPerPixel: 24 });
  expect(endsEarly(bmp, "bmp")).toBe(false);
  expect(endsEarly(bmp.subarray(0, -1), "bmp")).toBe(true);
  expect(endsEarly(bmp, "tiff")).toBe(false);
});
