import { createBandIndex } from "./bands.ts";

/** Finds codes whose numbers lie on the same sides of their thresholds. */
export interface SignIndex {
  /** Calls `visit` with items that may differ in `mostApart` signs at most, and in how many they do; some come more than once. */
  search(code: Float32Array, mostApart: number, visit: (item: number, apart: number) => void): void;
}

/**
 * `codes` holds codes of as many numbers as there are thresholds, at most 64. Thresholds of zero tell pictures of all kinds apart; the
 * medians tell apart what looks much the same, such as faces all cut out alike, but split a crowd of one picture by chance.
 */
export function createSignIndex(codes: Float32Array, thresholds: Float32Array): SignIndex {
  const count = codes.length / thresholds.length;
  const signs = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) packSigns(codes, i * thresholds.length, thresholds, signs, 2 * i);
  const index = createBandIndex(signs);
  const asked = new Uint32Array(2);
  return {
    search: (code, mostApart, visit) => {
      packSigns(code, 0, thresholds, asked, 0);
      const [low, high] = asked;
      index.search(low, high, (item) => {
        const apart = countBits(low ^ signs[2 * item]) + countBits(high ^ signs[2 * item + 1]);
        if (apart <= mostApart) visit(item, apart);
      });
    },
  };
}

/** So many codes tell where the middle lies. */
const SAMPLE = 4096;

/** The median of each number over all codes (over some of many). */
export function mediansOf(codes: Float32Array, length: number): Float32Array {
  const count = codes.length / length;
  const step = Math.max(1, Math.floor(count / SAMPLE));
  return Float32Array.from({ length }, (_, place) => {
    const values: number[] = [];
    for (let i = 0; i < count; i += step) values.push(codes[i * length + place]);
    values.sort((a, b) => a - b);
    return values.length === 0 ? 0 : values[values.length >> 1];
  });
}

/** Writes two words at `words[to]`: whether each number of the code at `codes[from]` lies above its threshold. */
function packSigns(
  codes: Float32Array,
  from: number,
  thresholds: Float32Array,
  words: Uint32Array,
  to: number,
): void {
  let [low, high] = [0, 0];
  for (let i = 0; i < thresholds.length; i++) {
    if (codes[from + i] <= thresholds[i]) continue;
    if (i < 32) low |= 1 << i;
    else high |= 1 << (i - 32);
  }
  words[to] = low;
  words[to + 1] = high;
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
