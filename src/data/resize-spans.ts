import type { Rows, TakeRow } from "./rows.ts";
import type { Spans } from "./spans.ts";

/**
 * Resizes by weights along each axis, first the vertical one, as TensorFlow does: what is rounded to float32 (every product and
 * every sum) is the same then.
 */
export function resizeBySpans(source: Rows, rows: Spans, columns: Spans, take: TakeRow): void {
  const { channels } = source;
  const tall = new Float32Array(source.width * channels);
  const row = new Float32Array((columns.ranges.length / 2) * channels);
  for (let y = 0; y < rows.ranges.length / 2; y++) {
    weighRows(source, rows, y, tall);
    weighColumns(tall, columns, channels, row);
    take(row, y);
  }
}

/** One row of the new height, at the old width. */
function weighRows({ row }: Rows, { taps, ranges, weights }: Spans, y: number, target: Float32Array): void {
  const { fround } = Math;
  const [start, count] = ranges.subarray(y * 2, y * 2 + 2);
  target.fill(0);
  for (let k = 0; k < count; k++) {
    const bytes = row(start + k);
    const weight = weights[y * taps + k];
    for (let i = 0; i < target.length; i++) target[i] += fround(weight * bytes[i]);
  }
}

function weighColumns(row: Float32Array, spans: Spans, channels: number, target: Float32Array): void {
  const { fround } = Math;
  const { taps, ranges, weights } = spans;
  for (let i = 0, x = 0; i < target.length; i += channels, x++) {
    const from = ranges[x * 2] * channels;
    const count = ranges[x * 2 + 1];
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = 0, at = from + c; k < count; k++, at += channels) {
        sum = fround(sum + fround(weights[x * taps + k] * row[at]));
      }
      target[i + c] = sum;
    }
  }
}
