import type { Rows, TakeRow } from "./rows.ts";

/**
 * Resizes to `height` x `width` to the bits of `tf.image.resize(method="bilinear", antialias=False)`: half-pixel centres, float32
 * arithmetic in TensorFlow's order, nothing rounded to bytes.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/resize_bilinear_op.cc
 */
export function resizeBilinear(source: Rows, height: number, width: number, take: TakeRow): void {
  const rows = interpolation(source.height, height);
  const columns = interpolation(source.width, width);
  const resizedRow = createRowCache(source, columns);
  const row = new Float32Array(width * source.channels);
  for (let y = 0; y < height; y++) {
    const above = resizedRow(rows.lower[y]);
    const below = resizedRow(rows.upper[y]);
    mixRows(above, below, rows.share[y], row);
    take(row, y);
  }
}

/** For each output position: the two input positions it lies between, and the share of the upper one. */
interface Interpolation {
  readonly lower: Int32Array;
  readonly upper: Int32Array;
  readonly share: Float32Array;
}

function interpolation(inputSize: number, outputSize: number): Interpolation {
  const { fround } = Math;
  const lower = new Int32Array(outputSize);
  const upper = new Int32Array(outputSize);
  const share = new Float32Array(outputSize);
  const scale = fround(inputSize / outputSize);
  for (let i = 0; i < outputSize; i++) {
    const position = fround(fround(fround(i + 0.5) * scale) - 0.5);
    const floor = Math.floor(position);
    lower[i] = Math.max(floor, 0);
    upper[i] = Math.min(Math.ceil(position), inputSize - 1);
    share[i] = fround(position - floor);
  }
  return { lower, upper, share };
}

/** Rows of the source brought to the new width. The last two are kept: enlarging asks for the same ones again and again. */
function createRowCache(
  { row: read, channels }: Rows,
  columns: Interpolation,
): (row: number) => Float32Array {
  const length = columns.share.length * channels;
  const kept = [0, 1].map(() => ({ row: -1, values: new Float32Array(length) }));
  let oldest = 0;
  return (row) => {
    const known = kept.find((entry) => entry.row === row);
    if (known) return known.values;
    const entry = kept[oldest];
    oldest = 1 - oldest;
    entry.row = row;
    mixColumns(read(row), columns, channels, entry.values);
    return entry.values;
  };
}

function mixColumns(
  row: Uint8Array,
  { lower, upper, share }: Interpolation,
  channels: number,
  target: Float32Array,
): void {
  const { fround } = Math;
  for (let x = 0; x < share.length; x++) {
    const left = lower[x] * channels;
    const right = upper[x] * channels;
    const at = x * channels;
    for (let c = 0; c < channels; c++) {
      target[at + c] = row[left + c] + fround((row[right + c] - row[left + c]) * share[x]);
    }
  }
}

function mixRows(above: Float32Array, below: Float32Array, rowShare: number, target: Float32Array): void {
  const { fround } = Math;
  for (let i = 0; i < target.length; i++) {
    target[i] = above[i] + fround(fround(below[i] - above[i]) * rowShare);
  }
}
