import type { RgbImage } from "../../src/data/image.ts";
import { readTextFontFile } from "../../src/platform/node/font.ts";
import { loadTextFont, type TextFont } from "../../src/report/text.ts";

/** The font that ships with the package. */
export async function loadShippedFont(): Promise<TextFont> {
  return loadTextFont(await readTextFontFile());
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** How many pixels inside `box` are clearly darker than the background, in every channel. */
export function countDark(image: RgbImage, box: Box, threshold = 140): number {
  return countPixels(image, box, (red, green, blue) => Math.max(red, green, blue) < threshold);
}

/** How many pixels inside `box` are within 12 of `color`, channel by channel. */
export function countColor(image: RgbImage, box: Box, color: readonly number[]): number {
  const near = (value: number, wanted: number) => Math.abs(value - wanted) <= 12;
  return countPixels(
    image,
    box,
    (red, green, blue) => near(red, color[0]) && near(green, color[1]) && near(blue, color[2]),
  );
}

function countPixels(
  { pixels, width }: RgbImage,
  box: Box,
  counts: (red: number, green: number, blue: number) => boolean,
): number {
  let count = 0;
  for (let y = box.top; y < box.bottom; y++) {
    for (let at = (y * width + box.left) * 3; at < (y * width + box.right) * 3; at += 3) {
      if (counts(pixels[at], pixels[at + 1], pixels[at + 2])) count++;
    }
  }
  return count;
}

export function pixelAt({ pixels, width }: RgbImage, x: number, y: number): number[] {
  const at = (y * width + x) * 3;
  return [...pixels.subarray(at, at + 3)];
}

export const trainingColor = [0x00, 0x72, 0xb2];
export const validationColor = [0xd5, 0x5e, 0x00];
