import type { RgbImage } from "../data/image.ts";

/** The picture scaled to lie within a square of `side` pixels, its proportions kept; each pixel is a mean by area. */
export function fitInto(image: RgbImage, side: number): RgbImage {
  const scale = side / Math.max(image.width, image.height);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const rows = spans(image.height, height);
  const columns = spans(image.width, width);
  const pixels = new Uint8Array(width * height * 3);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      writeMean(image, row, column, pixels, (y * width + x) * 3);
    });
  });
  return { width, height, pixels };
}

/** Copies `picture` into `target`, which must be large enough, its left top corner at (left, top). */
export function drawInto(target: RgbImage, picture: RgbImage, left: number, top: number): void {
  const rowBytes = picture.width * 3;
  for (let y = 0; y < picture.height; y++) {
    const row = picture.pixels.subarray(y * rowBytes, (y + 1) * rowBytes);
    target.pixels.set(row, ((top + y) * target.width + left) * 3);
  }
}

/** Source pixels from `first`, each with the share of it that one target pixel covers. */
interface Span {
  readonly first: number;
  readonly weights: readonly number[];
}

function spans(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, index) => {
    const begin = (index * from) / to;
    const end = ((index + 1) * from) / to;
    const first = Math.floor(begin);
    const last = Math.min(from, Math.ceil(end - 1e-9));
    const weights = Array.from(
      { length: last - first },
      (_, offset) => Math.min(end, first + offset + 1) - Math.max(begin, first + offset),
    );
    return { first, weights };
  });
}

function writeMean(image: RgbImage, row: Span, column: Span, pixels: Uint8Array, at: number): void {
  let [red, green, blue, area] = [0, 0, 0, 0];
  for (let i = 0; i < row.weights.length; i++) {
    let from = ((row.first + i) * image.width + column.first) * 3;
    for (let j = 0; j < column.weights.length; j++, from += 3) {
      const weight = row.weights[i] * column.weights[j];
      red += weight * image.pixels[from];
      green += weight * image.pixels[from + 1];
      blue += weight * image.pixels[from + 2];
      area += weight;
    }
  }
  pixels[at] = Math.round(red / area);
  pixels[at + 1] = Math.round(green / area);
  pixels[at + 2] = Math.round(blue / area);
}
