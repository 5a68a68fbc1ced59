import { describe, expect, it } from "vitest";
import { measurePicture } from "../../../src/data/check/measure.ts";
import type { RgbImage } from "../../../src/data/image.ts";

/** A picture of 256x256 whose pixel at (x, y) is this. */
function draw(pixel: (x: number, y: number) => readonly [number, number, number], side = 256): RgbImage {
  const pixels = new Uint8Array(side * side * 3);
  for (let i = 0; i < side * side; i++) pixels.set(pixel(i % side, Math.floor(i / side)), 3 * i);
  return { width: side, height: side, pixels };
}
const grey = (value: number): [number, number, number] => [value, value, value];

describe("measurePicture", () => {
  it("knows an even area", () => {
    const measures = measurePicture(draw(() => grey(77)));
    expect(measures).toMatchObject({ contrast: 0, colourfulness: 0, sharpness: 0, entropy: 0 });
    expect(measures.brightness).toBeCloseTo(77, 2);
  });

  it("sees contrast between colours of one grey", () => {
    const measures = measurePicture(draw((x) => (x % 64 < 32 ? [200, 50, 50] : [50, 126, 52])));
    expect(measures.contrast).toBeGreaterThan(60);
    expect(measures.colourfulness).toBeCloseTo((150 + 76) / 2, 0);
  });

  it("counts bits: four grey levels are two", () => {
    const measures = measurePicture(draw((x) => grey([10, 90, 170, 250][Math.floor(x / 64)])));
    expect(measures.entropy).toBeCloseTo(2, 6);
    expect(measures.brightness).toBeCloseTo(130, 3);
  });

  it("tells sharp from blurred, whatever the contrast and the size", () => {
    const spotted = (width: number, contrast: number, scale: number) =>
      draw((x, y) => {
        const fromSpot = Math.sqrt((((x / scale) % 23) - 11) ** 2 + (((y / scale) % 19) - 9) ** 2);
        return grey(128 + contrast * Math.max(-1, Math.min(1, (fromSpot - 5) / width)));
      }, 256 * scale);
    const sharp = measurePicture(spotted(0.5, 100, 1)).sharpness;
    expect(measurePicture(spotted(0.5, 20, 1)).sharpness / sharp).toBeCloseTo(1, 1);
    expect(measurePicture(spotted(0.5, 100, 2)).sharpness / sharp).toBeGreaterThan(0.5);
    const blurred = measurePicture(
      draw((x, y) => grey(128 + 100 * Math.sin(x / 30) * Math.cos(y / 40))),
    ).sharpness;
    expect(blurred).toBeLessThan(0.001);
    expect(sharp).toBeGreaterThan(0.05);
  });

  it("takes pictures of one pixel and of one row", () => {
    const pixel = { width: 1, height: 1, pixels: Uint8Array.of(1, 2, 3) };
    expect(measurePicture(pixel)).toMatchObject({ width: 1, height: 1, sharpness: 0, colourfulness: 2 });
    const row = { width: 400, height: 1, pixels: new Uint8Array(1200).fill(9) };
    expect(measurePicture(row).sharpness).toBe(0);
  });
});
