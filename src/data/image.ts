/** A decoded picture: 8-bit RGB, rows from the top, upright (the EXIF turn is already made). */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `height * width * 3` bytes. */
  readonly pixels: Uint8Array;
}

/** Formats that are read. */
export const readableFormats = ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"] as const;
export type ReadableFormat = (typeof readableFormats)[number];
