import { describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { drawInto, fitInto } from "../../src/report/thumbnail.ts";

const grey = (width: number, height: number, values: readonly number[]): RgbImage => ({
  width,
  height,
  pixels: Uint8Array.from(values.flatMap((value) => [value, value + 1, value + 2])),
});
const firstChannel = ({ pixels }: RgbImage) => [...pixels].filter((_, index) => index % 3 === 0);

describe("fitInto", () => {
  it("takes the mean of the area that a pixel covers, also of parts of pixels", () => {
    expect(firstChannel(fitInto(grey(2, 2, [0, 100, 100, 200]), 1))).toEqual([100]);
    // 3 to 2: each new pixel covers one old pixel and half of the next.
    expect(firstChannel(fitInto(grey(3, 3, [0, 60, 120, 0, 60, 120, 0, 60, 120]), 2))).toEqual([
      20, 100, 20, 100,
    ]);
  });

  it("repeats pixels when it enlarges", () => {
    expect(firstChannel(fitInto(grey(2, 1, [10, 200]), 4))).toEqual([10, 10, 200, 200, 10, 10, 200, 200]);
  });

  it("keeps proportions, at least one pixel, and the order of the channels", () => {
    const narrow = fitInto(grey(1, 300, new Array(300).fill(7)), 20);
    expect([narrow.width, narrow.height]).toEqual([1, 20]);
    expect([...narrow.pixels.subarray(0, 3)]).toEqual([7, 8, 9]);
  });

  it("changes no pixel at its own size, for awkward sizes", () => {
    for (const size of [1, 3, 17, 49]) {
      const image = grey(
        size,
        size,
        Array.from({ length: size * size }, (_, index) => (index * 37) % 250),
      );
      expect(Buffer.compare(fitInto(image, size).pixels, image.pixels)).toBe(0);
    }
  });
});

it("drawInto writes the picture at its place and nothing else", () => {
  const target = grey(4, 3, new Array(12).fill(0));
  drawInto(target, grey(2, 1, [50, 60]), 1, 2);
  expect(firstChannel(target)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 60, 0]);
});
