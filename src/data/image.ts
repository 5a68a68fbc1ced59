/** A decoded picture: 8-bit RGB, rows from the top, upright (the EXIF turn is already made). */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  /** `height * width * 3` bytes. */
  readonly pixels: Uint8Array;
}

/** A picture in the colours that a model takes: red, green and blue, or grey alone. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** `height * width * channels` bytes, rows from the top. */
  readonly pixels: Uint8Array;
}

/** Formats that are read. */
export const readableFormats = ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif"] as const;
export type ReadableFormat = (typeof readableFormats)[number];
