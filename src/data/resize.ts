import type { RgbImage } from "./image.ts";

/**
 * Resizes to `height` x `width` as `tf.image.resize(method="bilinear", antialias=False)`: half-pixel centres, float32
 * arithmetic in TensorFlow's order, nothing rounded to bytes.
 *
 * @returns height * width * 3 floats in 0..255, rows from the top, channels last
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/resize_bilinear_op.cc
 */
export function resizeBilinear(image: RgbImage, height: number, width: number): Float32Array {
  if (image.height === height && image.width === width) return Float32Array.from(image.pixels);
  const rows = interpolation(image.height, height);
  const columns = interpolation(image.width, width);
  const rowLength = image.width * 3;
  const result = new Float32Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++, at += width * 3) {
    const top = image.pixels.subarray(rows.lower[y] * rowLength, (rows.lower[y] + 1) * rowLength);
    const bottom = image.pixels.subarray(rows.upper[y] * rowLength, (rows.upper[y] + 1) * rowLength);
    mixRows(top, bottom, rows.share[y], columns, result.subarray(at, at + width * 3));
  }
  return result;
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

function mixRows(
  top: Uint8Array,
  bottom: Uint8Array,
  rowShare: number,
  columns: Interpolation,
  target: Float32Array,
): void {
  const { fround } = Math;
  for (let x = 0, at = 0; x < columns.share.length; x++, at += 3) {
    const left = columns.lower[x] * 3;
    const right = columns.upper[x] * 3;
    const columnShare = columns.share[x];
    for (let c = 0; c < 3; c++) {
      const above = fround(top[left + c] + fround((top[right + c] - top[left + c]) * columnShare));
      const below = fround(bottom[left + c] + fround((bottom[right + c] - bottom[left + c]) * columnShare));
      target[at + c] = above + fround(fround(below - above) * rowShare);
    }
  }
}
