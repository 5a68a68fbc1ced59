import type { ValueRange } from "./augmentation.ts";

/**
 * Some of Keras's layers work on values from 0 to 255 and cut off what follows the point, so that the last bit decides: these two go there
 * and back with Keras's own roundings to float32.
 */
export function toByteRange(value: number, [least, greatest]: ValueRange): number {
  if (least === 0 && greatest === 255) return value;
  const share = Math.fround(
    Math.fround(value - Math.fround(least)) / Math.fround(Math.fround(greatest) - Math.fround(least)),
  );
  return Math.fround(share * 255);
}

export function fromByteRange(value: number, [least, greatest]: ValueRange): number {
  if (least === 0 && greatest === 255) return value;
  const [from, to] = [Math.fround(least), Math.fround(greatest)];
  return Math.fround(Math.fround(Math.fround(value / 255) * Math.fround(to - from)) + from);
}
