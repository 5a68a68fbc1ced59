import { GREY_SIDE } from "./fingerprint.ts";

/** Codes are made of a thumbnail of half the side: four pixels in one lose nothing of waves this slow. */
const SIDE = GREY_SIDE / 2;

/** What is cut off on the left (or top) and on the right (or bottom), as shares of the side. */
type Cut = readonly [begin: number, end: number];

/** A part of a picture: which cuts of `axisCuts` its columns and rows have. */
interface Crop {
  readonly columns: number;
  readonly rows: number;
}

/** Cosines across and down a part of a picture, 0 to this many half-waves less one. */
const FREQUENCIES = 9;
/** How many of them make a code, the slowest first; the mean, which is the brightness, is none of them. */
export const CODE_LENGTH = 60;

/**
 * A picture of which up to 8 % are missing at an edge lies within 2 % of one of these at every edge. The first is the
 * whole.
 */
const axisCuts: readonly Cut[] = [
  [0, 0],
  [0.02, 0.02],
  [0.02, 0.06],
  [0.06, 0.02],
  [0.06, 0.06],
];

/** The whole picture first, then every pair of a cut across and a cut down. */
export const crops: readonly Crop[] = [
  { columns: 0, rows: 0 },
  ...axisCuts.slice(1).flatMap((_, i) => axisCuts.slice(1).map((_, j) => ({ columns: i + 1, rows: j + 1 }))),
];

export function cutsOf(crop: number): { readonly columns: Cut; readonly rows: Cut } {
  return { columns: axisCuts[crops[crop].columns], rows: axisCuts[crops[crop].rows] };
}

/** Half-waves across and down of each number of a code. */
const waves = Array.from({ length: FREQUENCIES * FREQUENCIES }, (_, i) => ({
  across: i % FREQUENCIES,
  down: Math.floor(i / FREQUENCIES),
}))
  .slice(1)
  .sort((a, b) => a.across ** 2 + a.down ** 2 - (b.across ** 2 + b.down ** 2) || a.across - b.across)
  .slice(0, CODE_LENGTH);

/** Where each number of a code lies among all. */
const places = Uint8Array.from(waves, ({ across, down }) => down * FREQUENCIES + across);

/** 1, or -1 where the number changes its sign when the picture is mirrored. */
export const mirrorSigns = Int8Array.from(waves, ({ across }) => (across % 2 === 0 ? 1 : -1));

/** cosines[cut][frequency * SIDE + pixel]: the cosine's mean over the pixel's share of the part. */
const cosines = axisCuts.map(([begin, end]) => cosinesOf(begin, end));

/** Computes codes; it holds what is written on the way, so that a million of them allocate nothing. */
export interface CropCoder {
  /** Makes ready to code parts of this thumbnail. */
  begin(grey: Uint8Array): void;
  /** Writes the CODE_LENGTH numbers of a part, scaled to length 1, at `code[at]`; all 0 where the part is of one colour. */
  write(crop: number, code: Float32Array, at: number): void;
}

export function createCropCoder(): CropCoder {
  const small = new Float64Array(SIDE * SIDE);
  const across = axisCuts.map(() => new Float64Array(SIDE * FREQUENCIES));
  const all = new Float64Array(FREQUENCIES * FREQUENCIES);
  return {
    begin: (grey) => {
      halve(grey, small);
      for (const [cut, target] of across.entries()) transformRows(small, cosines[cut], target);
    },
    write: (crop, code, at) => {
      const { columns, rows } = crops[crop];
      transformColumns(across[columns], cosines[rows], all);
      writeUnit(all, code, at);
    },
  };
}

function halve(grey: Uint8Array, small: Float64Array): void {
  for (let i = 0; i < small.length; i++) {
    const at = 2 * (Math.floor(i / SIDE) * GREY_SIDE + (i % SIDE));
    small[i] = (grey[at] + grey[at + 1] + grey[at + GREY_SIDE] + grey[at + GREY_SIDE + 1]) / 4;
  }
}

/** target[row * FREQUENCIES + frequency] */
function transformRows(small: Float64Array, cosine: Float64Array, target: Float64Array): void {
  for (let y = 0; y < SIDE; y++) {
    for (let f = 0; f < FREQUENCIES; f++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += small[y * SIDE + x] * cosine[f * SIDE + x];
      target[y * FREQUENCIES + f] = sum;
    }
  }
}

/** target[down * FREQUENCIES + across] */
function transformColumns(rows: Float64Array, cosine: Float64Array, target: Float64Array): void {
  target.fill(0);
  for (let f = 0; f < FREQUENCIES; f++) {
    for (let y = 0; y < SIDE; y++) {
      const factor = cosine[f * SIDE + y];
      for (let a = 0; a < FREQUENCIES; a++) target[f * FREQUENCIES + a] += factor * rows[y * FREQUENCIES + a];
    }
  }
}

function writeUnit(all: Float64Array, code: Float32Array, at: number): void {
  let squares = 0;
  for (let i = 0; i < CODE_LENGTH; i++) {
    const value = all[places[i]];
    code[at + i] = value;
    squares += value * value;
  }
  const factor = squares < 1e-6 ? 0 : 1 / Math.sqrt(squares);
  for (let i = 0; i < CODE_LENGTH; i++) code[at + i] *= factor;
}

function cosinesOf(begin: number, end: number): Float64Array {
  const values = new Float64Array(FREQUENCIES * SIDE);
  const extent = 1 - begin - end;
  const place = (x: number) => Math.min(1, Math.max(0, (x / SIDE - begin) / extent));
  for (let f = 0; f < FREQUENCIES; f++) {
    // the integral of cos(pi f s), so that a pixel that the edge cuts through counts as far as it is in
    const integral = (s: number) => (f === 0 ? s : Math.sin(Math.PI * f * s) / (Math.PI * f));
    const scale = f === 0 ? 1 : Math.SQRT2;
    for (let x = 0; x < SIDE; x++)
      values[f * SIDE + x] = scale * (integral(place(x + 1)) - integral(place(x)));
  }
  return values;
}
