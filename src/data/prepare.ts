import type { RgbImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { resizeBilinear } from "./resize.ts";

/**
 * From a decoded picture to what the model takes: resized, then scaled as Keras's Rescaling does it, into `target`, height *
 * width * 3 floats, rows from the top, channels last. Training, evaluation and prediction all come through here or, on a platform
 * that has it, through a faster way to the same bits.
 */
export type PreparePixels = (image: RgbImage, preprocessing: Preprocessing, target: Float32Array) => void;

export const preparePixels: PreparePixels = (image, { height, width, scale, offset }, target) => {
  resizeBilinear(image, height, width, target);
  const [factor, shift] = [Math.fround(scale), Math.fround(offset)];
  for (let i = 0; i < target.length; i++) target[i] = Math.fround(target[i] * factor) + shift;
};

/** A picture kept for a model that will ask for it again and again. */
export interface PreparedImage {
  /** height * width * 3 */
  readonly length: number;
  /** Writes what `preparePixels` gives. */
  copyTo(target: Float32Array): void;
}

/**
 * Keeps the floats, or the decoded picture where that takes less memory: a thumbnail of 275x183 takes a fifth of what it is
 * enlarged to. The bits are the same. Takes the picture over: its pixels must not be read again.
 */
export function keepSmaller(
  image: RgbImage,
  preprocessing: Preprocessing,
  platform: Pick<Platform, "preparePixels" | "release">,
): PreparedImage {
  const prepare = platform.preparePixels ?? preparePixels;
  const length = preprocessing.height * preprocessing.width * 3;
  if (image.pixels.byteLength < length * Float32Array.BYTES_PER_ELEMENT) {
    return { length, copyTo: (target) => prepare(image, preprocessing, target) };
  }
  const values = new Float32Array(length);
  prepare(image, preprocessing, values);
  platform.release?.(image.pixels);
  return keepFloats(values);
}

export function keepFloats(values: Float32Array): PreparedImage {
  return { length: values.length, copyTo: (target) => target.set(values) };
}

export function floatsOf(image: PreparedImage): Float32Array {
  const values = new Float32Array(image.length);
  image.copyTo(values);
  return values;
}
