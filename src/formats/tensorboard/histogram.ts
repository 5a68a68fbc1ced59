import type { Pieces } from "../../util/pauses.ts";

/** As many as TensorBoard's own summaries have. */
const BUCKETS = 30;

/** Numbers between two moments at which others may have a turn: about a millisecond. */
const PIECE = 1 << 19;

/**
 * Counts numbers in buckets of equal width from the least to the greatest, bit by bit as tensorboard/plugins/histogram/summary_v2.py
 * does: [30, 3], left edge, right edge and count. Where all are equal, the last bucket has them. Numbers that are not finite lie
 * in no bucket; TensorFlow then has no edges at all.
 */
export function* histogramBuckets(values: Float32Array): Pieces<Float64Array> {
  const { least, greatest } = yield* rangeOf(values);
  const buckets = new Float64Array(BUCKETS * 3);
  if (least > greatest) return buckets; // none is finite
  const width = (greatest - least) / BUCKETS;
  const counts = yield* countIn(values, least, width);
  for (let i = 0; i < BUCKETS; i++) {
    const right = i === BUCKETS - 1 ? greatest : least + width * (i + 1);
    buckets.set([least + width * i, right, counts[i]], i * 3);
  }
  return buckets;
}

function* rangeOf(values: Float32Array): Pieces<{ least: number; greatest: number }> {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let start = 0; start < values.length; start += PIECE) {
    const end = Math.min(start + PIECE, values.length);
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (value < least && value !== Number.NEGATIVE_INFINITY) least = value;
      if (value > greatest && value !== Number.POSITIVE_INFINITY) greatest = value;
    }
    yield;
  }
  return { least, greatest };
}

function* countIn(values: Float32Array, least: number, width: number): Pieces<Float64Array> {
  const counts = new Float64Array(BUCKETS);
  const last = BUCKETS - 1;
  for (let start = 0; start < values.length; start += PIECE) {
    const end = Math.min(start + PIECE, values.length);
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(values[i])) continue;
      counts[width === 0 ? last : Math.min(last, Math.floor((values[i] - least) / width))]++;
    }
    yield;
  }
  return counts;
}
