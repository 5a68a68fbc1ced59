import { GREY_SIDE } from "./fingerprint.ts";

const SIZE = GREY_SIDE * GREY_SIDE;
/** Less in common than this share of the picture is no proof of anything. */
const LEAST_COMMON = 0.6;
const UNKNOWNS = 6;

/** One thumbnail laid over a part of another. */
export interface Overlap {
  /** Samples the part of `large` between the edges left, right, top and bottom (shares of its sides) at the pixels of `small`. */
  lay(large: Uint8Array, small: Uint8Array, edges: Float64Array): void;
  /**
   * Writes the normal equations of gain * large + offset = small, linear in the edges: six rows of six coefficients, of which those
   * from the diagonal on, and the right-hand side.
   */
  addUp(equations: Float64Array): void;
  /** Correlation of the slopes of both, at most 1; 0 where they have too little in common. Light and contrast do not matter. */
  likeness(): number;
}

export function createOverlap(): Overlap {
  const values = new Float32Array(SIZE);
  const slopesX = new Float32Array(SIZE);
  const slopesY = new Float32Array(SIZE);
  const inside = new Uint8Array(SIZE);
  const row = new Float64Array(UNKNOWNS + 1);
  let target: Uint8Array = new Uint8Array(SIZE);
  const sample = (large: Uint8Array, x: number, y: number, i: number) => {
    const x0 = Math.min(GREY_SIDE - 2, Math.floor(x));
    const y0 = Math.min(GREY_SIDE - 2, Math.floor(y));
    const [fx, fy] = [x - x0, y - y0];
    const at = y0 * GREY_SIDE + x0;
    const a = large[at];
    const b = large[at + 1];
    const c = large[at + GREY_SIDE];
    const d = large[at + GREY_SIDE + 1];
    values[i] = (1 - fy) * (a + fx * (b - a)) + fy * (c + fx * (d - c));
    slopesX[i] = GREY_SIDE * ((1 - fy) * (b - a) + fy * (d - c));
    slopesY[i] = GREY_SIDE * ((1 - fx) * (c - a) + fx * (d - b));
  };
  return {
    lay(large, small, [left, right, top, bottom]) {
      target = small;
      for (let i = 0; i < SIZE; i++) {
        const x = GREY_SIDE * left + (right - left) * ((i % GREY_SIDE) + 0.5) - 0.5;
        const y = GREY_SIDE * top + (bottom - top) * (Math.floor(i / GREY_SIDE) + 0.5) - 0.5;
        inside[i] = isOn(x) && isOn(y) ? 1 : 0;
        if (inside[i] === 1) sample(large, clamp(x), clamp(y), i);
      }
    },
    addUp(equations) {
      equations.fill(0);
      const gain = gainOf(values, target, inside);
      for (let i = 0; i < SIZE; i++) {
        if (inside[i] === 0) continue;
        const u = ((i % GREY_SIDE) + 0.5) / GREY_SIDE;
        const v = (Math.floor(i / GREY_SIDE) + 0.5) / GREY_SIDE;
        row[0] = gain * slopesX[i] * (1 - u);
        row[1] = gain * slopesX[i] * u;
        row[2] = gain * slopesY[i] * (1 - v);
        row[3] = gain * slopesY[i] * v;
        row[4] = values[i];
        row[5] = 1;
        row[6] = target[i] - gain * values[i];
        addProducts(row, equations);
      }
    },
    likeness: () => correlateSlopes(values, target, inside),
  };
}

/** Half a pixel beyond the last centre is still the picture. */
const isOn = (place: number) => place >= -0.5 && place <= GREY_SIDE - 0.5;
const clamp = (place: number) => Math.max(0, Math.min(GREY_SIDE - 1, place));

function addProducts(row: Float64Array, equations: Float64Array): void {
  for (let r = 0; r < UNKNOWNS; r++) {
    const factor = row[r];
    for (let c = r; c <= UNKNOWNS; c++) equations[r * (UNKNOWNS + 1) + c] += factor * row[c];
  }
}

/** The contrast of the target as a multiple of that of the values. */
function gainOf(values: Float32Array, target: Uint8Array, inside: Uint8Array): number {
  let [count, a, b, aa, ab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < SIZE; i++) {
    if (inside[i] === 0) continue;
    const value = values[i];
    count++;
    a += value;
    b += target[i];
    aa += value * value;
    ab += value * target[i];
  }
  const variance = aa - (a * a) / count;
  return variance > 0 ? (ab - (a * b) / count) / variance : 1;
}

function correlateSlopes(values: Float32Array, target: Uint8Array, inside: Uint8Array): number {
  let [count, aa, ab, bb] = [0, 0, 0, 0];
  for (let y = 1; y < GREY_SIDE - 1; y++) {
    for (let x = 1; x < GREY_SIDE - 1; x++) {
      const i = y * GREY_SIDE + x;
      for (let offset = 1; offset <= GREY_SIDE; offset += GREY_SIDE - 1) {
        if (inside[i - offset] + inside[i + offset] < 2) continue;
        const p = values[i + offset] - values[i - offset];
        const q = target[i + offset] - target[i - offset];
        count++;
        aa += p * p;
        ab += p * q;
        bb += q * q;
      }
    }
  }
  if (count < LEAST_COMMON * 2 * SIZE || aa * bb <= 0) return 0;
  return ab / Math.sqrt(aa * bb);
}
