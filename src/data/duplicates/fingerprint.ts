import type { RgbImage } from "../image.ts";
import { reducePicture } from "../reduce.ts";

/** Pixels of a side of a fingerprint's thumbnail. */
export const GREY_SIDE = 32;

/** Of the shorter side: 64 pixels for each of the thumbnail, with which as many copies are found as with all. */
const ENOUGH_PIXELS = 256;

/** What is kept of a picture to find others like it: 1 KB. */
export interface Fingerprint {
  /** The picture in grey (ITU-R BT.601 luma), stretched to GREY_SIDE * GREY_SIDE, rows from the top. */
  readonly grey: Uint8Array;
}

export function fingerprintOf(image: RgbImage): Fingerprint {
  const pixels = reducePicture(thin(image), GREY_SIDE, GREY_SIDE);
  const grey = Uint8Array.from({ length: GREY_SIDE * GREY_SIDE }, (_, i) =>
    Math.round(0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2]),
  );
  return { grey };
}

/**
 * Of a large picture every second, third, … pixel of every second, third, … row, so that a photo of 36 megapixels takes no
 * longer than one of a tenth.
 */
function thin(image: RgbImage): RgbImage {
  const step = Math.floor(Math.min(image.width, image.height) / ENOUGH_PIXELS);
  if (step < 2) return image;
  const [width, height] = [Math.floor(image.width / step), Math.floor(image.height / step)];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = y * step * image.width * 3; x < width; x++, from += 3 * step, to += 3) {
      pixels[to] = image.pixels[from];
      pixels[to + 1] = image.pixels[from + 1];
      pixels[to + 2] = image.pixels[from + 2];
    }
  }
  return { width, height, pixels };
}
