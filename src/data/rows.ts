import type { PixelImage } from "./image.ts";
import type { Box } from "./placement.ts";

/** Part of a picture, row by row. */
export interface Rows {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** The bytes of a row. */
  readonly row: (index: number) => Uint8Array;
}

/** Takes the rows of a resized picture, in their order; each is good until the next. */
export type TakeRow = (row: Float32Array, index: number) => void;

export function rowsOf({ width, channels, pixels }: PixelImage, box: Box): Rows {
  const length = box.width * channels;
  const row = (index: number) => {
    const start = ((box.top + index) * width + box.left) * channels;
    return pixels.subarray(start, start + length);
  };
  return { height: box.height, width: box.width, channels, row };
}
