import type { RgbImage } from "../image.ts";

/**
 * How much of a damaged picture decoded, 0 to 1: the rows down to the last one that has a pixel unlike the one colour that decoders
 * fill the rest with, which is that of the last pixel.
 */
export function decodedShare({ width, height, pixels }: RgbImage): number {
  const rowBytes = width * 3;
  const end = pixels.length - 3;
  let last = pixels.length - 1;
  while (last >= 0 && pixels[last] === pixels[end + (last % 3)]) last--;
  return Math.ceil((last + 1) / rowBytes) / height;
}
