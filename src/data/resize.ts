import type { RgbImage } from "./image.ts";

/**
 * Resizes to `height` x `width` as `tf.image.resize(method="bilinear", antialias=False)`: half-pixel centres, float32
 * arithmetic in TensorFlow's order, nothing rounded to bytes. Writes height * width * 3 floats in 0..255 to `target`, rows
 * from the top, channels last.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/resize_bilinear_op.cc
 */
export function resizeBilinear(image: RgbImage, height: number, width: number, target: Float32Array): void {
  const rows = interpolation(image.height, height);
  const columns = interpolation(image.width, width);
  const resizedRow = createRowCache(image, columns);
  for (let y = 0; y < height; y++) {
    const above = resizedRow(rows.lower[y]);
    const below = resizedRow(rows.upper[y]);
    mixRows(above, below, rows.share[y], target.subarray(y * width * 3, (y + 1) * width * 3));
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

/** Rows of the image brought to the new width. The last two are kept: enlarging asks for the same ones again and again. */
function createRowCache(image: RgbImage, columns: Interpolation): (row: number) => Float32Array {
  const length = columns.share.length * 3;
  const kept = [0, 1].map(() => ({ row: -1, values: new Float32Array(length) }));
  let oldest = 0;
  return (row) => {
    const known = kept.find((entry) => entry.row === row);
    if (known) return known.values;
    const entry = kept[oldest];
    oldest = 1 - oldest;
    entry.row = row;
    const start = row * image.width * 3;
    mixColumns(image.pixels.subarray(start, start + image.width * 3), columns, entry.values);
    return entry.values;
  };
}

function mixColumns(row: Uint8Array, { lower, upper, share }: Interpolation, target: Float32Array): void {
  const { fround } = Math;
  for (let x = 0; x < share.length; x++) {
    const left = lower[x] * 3;
    const right = upper[x] * 3;
    const columnShare = share[x];
    const at = x * 3;
    target[at] = row[left] + fround((row[right] - row[left]) * columnShare);
    target[at + 1] = row[left + 1] + fround((row[right + 1] - row[left + 1]) * columnShare);
    target[at + 2] = row[left + 2] + fround((row[right + 2] - row[left + 2]) * columnShare);
  }
}

function mixRows(above: Float32Array, below: Float32Array, rowShare: number, target: Float32Array): void {
  const { fround } = Math;
  for (let i = 0; i < target.length; i++) {
    target[i] = above[i] + fround(fround(below[i] - above[i]) * rowShare);
  }
}
