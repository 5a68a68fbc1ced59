import type { RgbImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { resizeBilinear } from "./resize.ts";

/**
 * From the bytes of an image file to what the model takes. Training, evaluation and prediction all come through
 * here, so that they cannot differ.
 *
 * @returns height * width * 3 floats, rows from the top, channels last
 * @throws InputError `image.…` where the bytes are no image that can be read
 */
export async function prepareImage(
  bytes: Uint8Array,
  preprocessing: Preprocessing,
  platform: Pick<Platform, "decode">,
): Promise<Float32Array> {
  return preparePixels(await platform.decode(bytes), preprocessing);
}

/** The same from a decoded picture, into `target`. */
export function preparePixels(
  image: RgbImage,
  preprocessing: Preprocessing,
  target: Float32Array = new Float32Array(preparedLength(preprocessing)),
): Float32Array {
  resizeBilinear(image, preprocessing.height, preprocessing.width, target);
  const scale = Math.fround(preprocessing.scale);
  const offset = Math.fround(preprocessing.offset);
  for (let i = 0; i < target.length; i++) target[i] = Math.fround(target[i] * scale) + offset; // Keras's Rescaling
  return target;
}

/** A picture kept for a model that will ask for it again and again. */
export interface PreparedImage {
  /** height * width * 3 */
  readonly length: number;
  /** Writes what `prepareImage` gives. */
  copyTo(target: Float32Array): void;
}

/**
 * Keeps the floats, or the decoded picture where that takes less memory: a thumbnail of 275x183 takes a fifth of what it is
 * enlarged to, and a millisecond each time it is asked for. The bits are the same.
 */
export function keepSmaller(image: RgbImage, preprocessing: Preprocessing): PreparedImage {
  const length = preparedLength(preprocessing);
  if (image.pixels.byteLength >= length * Float32Array.BYTES_PER_ELEMENT) {
    return keepFloats(preparePixels(image, preprocessing));
  }
  return { length, copyTo: (target) => preparePixels(image, preprocessing, target) };
}

export function keepFloats(values: Float32Array): PreparedImage {
  return { length: values.length, copyTo: (target) => target.set(values) };
}

export function floatsOf(image: PreparedImage): Float32Array {
  const values = new Float32Array(image.length);
  image.copyTo(values);
  return values;
}

/** Floats of one image. */
export function preparedLength({ height, width }: Preprocessing): number {
  return height * width * 3;
}
