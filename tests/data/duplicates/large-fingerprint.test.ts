import { expect, it } from "vitest";
import { fingerprintOf } from "../../../src/data/duplicates/fingerprint.ts";

/** Waves, ten to a side, with a grain of single pixels on top. */
function wavy(width: number, height: number) {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    const grain = ((i * 7919) % 101) / 10 - 5;
    pixels.fill(128 + 60 * Math.sin(62.8 * x) * Math.cos(62.8 * y) + grain, 3 * i, 3 * i + 3);
  }
  return { width, height, pixels };
}

it("a large picture's fingerprint, of which not every pixel is read, is a small one's", () => {
  const small = fingerprintOf(wavy(300, 200)).grey;
  for (const [width, height] of [
    [1500, 1000],
    [2111, 1409],
  ]) {
    const large = fingerprintOf(wavy(width, height)).grey;
    const apart = large.map((value, i) => Math.abs(value - small[i]));
    expect(apart.reduce((sum, value) => sum + value, 0) / apart.length).toBeLessThan(2);
    expect(Math.max(...apart)).toBeLessThan(8);
  }
});
