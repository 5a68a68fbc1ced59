import { beforeAll, describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { renderSvg } from "../../src/platform/node/render.ts";
import { contactSheet } from "../../src/report/contact-sheet.ts";
import type { TextFont } from "../../src/report/text.ts";
import { countColor, countDark, loadShippedFont, pixelAt } from "./support.ts";

let font: TextFont;
beforeAll(async () => {
  font = await loadShippedFont();
});

function flat(width: number, height: number, color: readonly number[]): RgbImage {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => color[index % 3]);
  return { width, height, pixels };
}

const red = [200, 30, 40];
const blue = [20, 60, 210];

describe("contactSheet", () => {
  it("lays pictures out in rows, each scaled into its square, its class under it", async () => {
    const entries = [
      { image: flat(7, 7, red), className: "happy" },
      { image: flat(500, 250, blue), className: "sad" },
      { image: flat(1, 1, red), className: "sad" },
    ];
    const sheet = await contactSheet(entries, font, renderSvg, { columns: 2, imageSize: 100 });
    expect([sheet.width, sheet.height]).toEqual([20 + 100 + 16 + 100 + 20, 20 + 126 + 16 + 126 + 20]);
    expect(pixelAt(sheet, 20, 20)).toEqual(red);
    expect(pixelAt(sheet, 119, 119)).toEqual(red);
    expect(pixelAt(sheet, 136, 45)).toEqual(blue); // twice as wide as high: a quarter of the square is left above
    expect(pixelAt(sheet, 136, 44)).not.toEqual(blue);
    expect(pixelAt(sheet, 235, 94)).toEqual(blue);
    expect(pixelAt(sheet, 70, 20 + 142 + 50)).toEqual(red);
    expect(countDark(sheet, { left: 20, top: 126, right: 120, bottom: 146 })).toBeGreaterThan(40);
    expect(countDark(sheet, { left: 136, top: 126, right: 236, bottom: 146 })).toBeGreaterThan(25);
    expect(countDark(sheet, { left: 136, top: 162, right: 256, bottom: 308 })).toBe(0); // no fourth picture
  });

  it("marks a right prediction green and a wrong one red, and prints file names", async () => {
    const image = flat(4, 4, [255, 255, 255]);
    const entries = [
      { image, className: "happy", prediction: "happy", fileName: "a.jpg" },
      { image, className: "happy", prediction: "sad", fileName: "b.jpg" },
    ];
    const sheet = await contactSheet(entries, font, renderSvg, { columns: 2, imageSize: 100 });
    const [green, wrong] = [
      [0x00, 0x69, 0x4c],
      [0xb3, 0x26, 0x1e],
    ];
    const [first, second] = [20, 136].map((left) => ({ left, top: 146, right: left + 100, bottom: 166 }));
    expect(countColor(sheet, first, green)).toBeGreaterThan(15);
    expect(countColor(sheet, first, wrong)).toBe(0);
    expect(countColor(sheet, second, wrong)).toBeGreaterThan(15);
    expect(countDark(sheet, { left: 20, top: 166, right: 120, bottom: 186 })).toBeGreaterThan(20);
  });

  it("shortens long names to the width of the picture and survives letters that no font has", async () => {
    const image = flat(4, 4, red);
    const names = ["W".repeat(60), `<b>&"'`, "笑顔", "👩‍👩‍👧 😀\u0000\ud800"];
    const entries = names.map((className) => ({ image, className, fileName: className }));
    const sheet = await contactSheet(entries, font, renderSvg, {
      columns: 1,
      imageSize: 90,
      title: "W".repeat(99),
    });
    expect(countDark(sheet, { left: 112, top: 0, right: sheet.width, bottom: sheet.height }, 250)).toBe(0);
    for (const row of names.keys()) {
      const top = 64 + row * (90 + 46 + 16) + 96;
      expect(countDark(sheet, { left: 20, top, right: 110, bottom: top + 20 })).toBeGreaterThan(25);
    }
  });

  it("is the same pixels each time, and of no picture a blank page", async () => {
    const entries = [{ image: flat(30, 20, blue), className: "sad" }];
    const first = await contactSheet(entries, font, renderSvg);
    const second = await contactSheet(entries, font, renderSvg);
    expect(Buffer.compare(first.pixels, second.pixels)).toBe(0);
    const blank = await contactSheet([], font, renderSvg);
    expect(blank.pixels.every((value) => value === 255)).toBe(true);
  });
});
