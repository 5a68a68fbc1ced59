import type { RgbImage } from "./image.ts";

/** What one target pixel takes of a row or a column: `weights[i]` of source pixel `first + i`; they add up to 1. */
interface Span {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * The picture at another size, height * width * 3 values from 0 to 255, rows from the top. Where it shrinks, a value is the mean
 * of the area under it; where it grows, it lies on the line between its two neighbours.
 */
export function reducePicture(image: RgbImage, height: number, width: number): Float32Array {
  const columns = spansOf(image.width, width);
  const rows = spansOf(image.height, height);
  const target = new Float32Array(height * width * 3);
  const reduced = new Map<number, Float32Array>(); // a row at a time: no second picture is held
  rows.forEach(({ first, weights }, y) => {
    for (const row of reduced.keys()) if (row < first) reduced.delete(row);
    weights.forEach((weight, i) => {
      const row = reduced.get(first + i) ?? reduceRow(image, first + i, columns);
      reduced.set(first + i, row);
      const at = y * width * 3;
      for (let j = 0; j < row.length; j++) target[at + j] += weight * row[j];
    });
  });
  return target;
}

/** The picture scaled down to lie within a square of `side` pixels, its proportions kept; a smaller one stays as it is. */
export function shrinkInto(image: RgbImage, side: number): RgbImage {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((each) => Math.max(1, Math.round(each * scale)));
  const pixels = Uint8Array.from(reducePicture(image, height, width), (value) => Math.round(value));
  return { width, height, pixels };
}

function reduceRow({ width, pixels }: RgbImage, y: number, columns: readonly Span[]): Float32Array {
  const row = new Float32Array(columns.length * 3);
  for (let x = 0; x < columns.length; x++) {
    const { first, weights } = columns[x];
    let from = (y * width + first) * 3;
    let [red, green, blue] = [0, 0, 0];
    for (let i = 0; i < weights.length; i++, from += 3) {
      const weight = weights[i];
      red += weight * pixels[from];
      green += weight * pixels[from + 1];
      blue += weight * pixels[from + 2];
    }
    row[3 * x] = red;
    row[3 * x + 1] = green;
    row[3 * x + 2] = blue;
  }
  return row;
}

function spansOf(from: number, to: number): Span[] {
  return Array.from({ length: to }, (_, index) => (from >= to ? areaUnder : between)(index, from, to));
}

function areaUnder(index: number, from: number, to: number): Span {
  const begin = (index * from) / to;
  const end = ((index + 1) * from) / to;
  const first = Math.floor(begin);
  const last = Math.min(from, Math.ceil(end - 1e-9));
  const weights = Float64Array.from({ length: last - first }, (_, i) => {
    return (Math.min(end, first + i + 1) - Math.max(begin, first + i)) / (end - begin);
  });
  return { first, weights };
}

function between(index: number, from: number, to: number): Span {
  const centre = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
  const first = Math.min(Math.floor(centre), Math.max(0, from - 2));
  if (from === 1) return { first: 0, weights: Float64Array.of(1) };
  return { first, weights: Float64Array.of(1 - (centre - first), centre - first) };
}
