import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { reducePicture } from "../../src/data/reduce.ts";
import { RandomStream } from "../../src/util/random.ts";

/** All three channels alike. */
const grey = (width: number, height: number, values: readonly number[]): RgbImage => ({
  width,
  height,
  pixels: Uint8Array.from(values.flatMap((value) => [value, value, value])),
});
const firstChannel = (values: Float32Array) => Array.from(values).filter((_, i) => i % 3 === 0);

describe("reducePicture", () => {
  it("takes the mean of the area under each pixel", () => {
    expect(firstChannel(reducePicture(grey(2, 2, [0, 100, 100, 200]), 1, 1))).toEqual([100]);
    const thirds = firstChannel(reducePicture(grey(3, 1, [0, 60, 120]), 1, 2));
    expect(thirds[0]).toBeCloseTo(20, 4);
    expect(thirds[1]).toBeCloseTo(100, 4);
  });

  it("gives what a plain sum over every pair of pixels gives, at awkward sizes", () => {
    const random = new RandomStream(1, "reduce", 0);
    for (const [width, height, to] of [
      [33, 17, 5],
      [7, 101, 7],
      [64, 32, 32],
    ]) {
      const values = Array.from({ length: width * height }, () => Math.floor(256 * random.next()));
      const reduced = firstChannel(reducePicture(grey(width, height, values), to, to));
      const overlap = (a: number, from: number, b: number) =>
        Math.max(0, Math.min(a + 1, ((b + 1) * from) / to) - Math.max(a, (b * from) / to));
      for (let i = 0; i < to * to; i++) {
        const [y, x] = [Math.floor(i / to), i % to];
        let [sum, area] = [0, 0];
        values.forEach((value, at) => {
          const share = overlap(Math.floor(at / width), height, y) * overlap(at % width, width, x);
          sum += share * value;
          area += share;
        });
        expect(reduced[i]).toBeCloseTo(sum / area, 3);
      }
    }
  });

  it("draws a line between neighbours where it grows", () => {
    expect(firstChannel(reducePicture(grey(2, 1, [10, 200]), 1, 4))).toEqual([10, 57.5, 152.5, 200]);
    expect(firstChannel(reducePicture(grey(1, 1, [7]), 3, 2))).toEqual([7, 7, 7, 7, 7, 7]);
  });

  it("keeps the channels apart", () => {
    const image = { width: 2, height: 1, pixels: Uint8Array.of(10, 20, 30, 30, 60, 90) };
    expect(Array.from(reducePicture(image, 1, 1))).toEqual([20, 40, 60]);
  });
});
