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

/** The same from a decoded picture. */
export function preparePixels(image: RgbImage, preprocessing: Preprocessing): Float32Array {
  const values = resizeBilinear(image, preprocessing.height, preprocessing.width);
  const scale = Math.fround(preprocessing.scale);
  const offset = Math.fround(preprocessing.offset);
  for (let i = 0; i < values.length; i++) values[i] = Math.fround(values[i] * scale) + offset; // Keras's Rescaling
  return values;
}
