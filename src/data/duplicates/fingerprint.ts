import type { RgbImage } from "../image.ts";
import { reducePicture } from "../reduce.ts";

/** Pixels of a side of a fingerprint's thumbnail. */
export const GREY_SIDE = 32;

/** What is kept of a picture to find others like it: 1 KB. */
export interface Fingerprint {
  /** The picture in grey (ITU-R BT.601 luma), stretched to GREY_SIDE * GREY_SIDE, rows from the top. */
  readonly grey: Uint8Array;
}

export function fingerprintOf(image: RgbImage): Fingerprint {
  const pixels = reducePicture(image, GREY_SIDE, GREY_SIDE);
  const grey = Uint8Array.from({ length: GREY_SIDE * GREY_SIDE }, (_, i) =>
    Math.round(0.299 * pixels[3 * i] + 0.587 * pixels[3 * i + 1] + 0.114 * pixels[3 * i + 2]),
  );
  return { grey };
}
