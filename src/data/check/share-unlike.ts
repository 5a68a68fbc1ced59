import type { RgbImage } from "../image.ts";

/** Of 255: what hardly shows does not count. */
const SEEN = 24;

/** The share of the pixels that look unlike in two pictures of one size, 0 to 1. */
export function shareUnlike({ pixels, width, height }: RgbImage, other: RgbImage): number {
  let unlike = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    const far = (c: number) => Math.abs(pixels[i + c] - other.pixels[i + c]) > SEEN;
    if (far(0) || far(1) || far(2)) unlike++;
  }
  return unlike / (width * height);
}
