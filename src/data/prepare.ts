import { inColour } from "./colour.ts";
import type { PixelImage, RgbImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import { channelsOf, type Preprocessing } from "./preprocessing.ts";
import { resize } from "./resize.ts";

/**
 * From a picture in the model's colours to what the model takes: resized, then scaled as Keras's Rescaling does it, into `target`,
 * height * width * channels floats, rows from the top, channels last. Training, evaluation and prediction all come through here or,
 * on a platform that has it, through a faster way to the same bits.
 */
export type PreparePixels = (image: PixelImage, preprocessing: Preprocessing, target: Float32Array) => void;

export const preparePixels: PreparePixels = (image, preprocessing, target) => {
  resize(image, preprocessing, target);
  const [factor, shift] = [Math.fround(preprocessing.scale), Math.fround(preprocessing.offset)];
  for (let i = 0; i < target.length; i++) target[i] = Math.fround(target[i] * factor) + shift;
};

/** A picture kept for a model that will ask for it again and again. */
export interface PreparedImage {
  /** height * width * channels */
  readonly length: number;
  /** Writes what `preparePixels` gives; where the picture must be fetched first, that is done when the promise is. */
  copyTo(target: Float32Array): void | Promise<void>;
}

/** One that is there already. */
export interface KeptImage extends PreparedImage {
  copyTo(target: Float32Array): void;
}

/**
 * The floats, or the decoded picture where that takes less memory: a thumbnail of 275x183 takes a fifth of what it is enlarged
 * to. `copyPrepared` makes the same bits of both. Takes the picture over: its pixels must not be read again.
 */
export function smallerOf(
  decoded: RgbImage,
  preprocessing: Preprocessing,
  platform: Pick<Platform, "preparePixels" | "release">,
): PixelImage | Float32Array {
  const image = inColour(decoded, preprocessing);
  if (image.pixels !== decoded.pixels) platform.release?.(decoded.pixels);
  const length = preprocessing.height * preprocessing.width * channelsOf(preprocessing);
  if (image.pixels.byteLength < length * Float32Array.BYTES_PER_ELEMENT) return image;
  const values = new Float32Array(length);
  copyPrepared(image, preprocessing, platform, values);
  platform.release?.(image.pixels);
  return values;
}

/** Writes what `preparePixels` gives of what `smallerOf` gave. */
export function copyPrepared(
  kept: PixelImage | Float32Array,
  preprocessing: Preprocessing,
  platform: Pick<Platform, "preparePixels">,
  target: Float32Array,
): void {
  if (kept instanceof Float32Array) target.set(kept);
  else (platform.preparePixels ?? preparePixels)(kept, preprocessing, target);
}

/** Keeps what `smallerOf` gives. */
export function keepSmaller(
  decoded: RgbImage,
  preprocessing: Preprocessing,
  platform: Pick<Platform, "preparePixels" | "release">,
): KeptImage {
  const kept = smallerOf(decoded, preprocessing, platform);
  const length = preprocessing.height * preprocessing.width * channelsOf(preprocessing);
  return { length, copyTo: (target) => copyPrepared(kept, preprocessing, platform, target) };
}

export function keepFloats(values: Float32Array): KeptImage {
  return { length: values.length, copyTo: (target) => target.set(values) };
}

export function floatsOf(image: KeptImage): Float32Array {
  const values = new Float32Array(image.length);
  image.copyTo(values);
  return values;
}

/** The same of a picture that may have to be fetched. */
export async function fetchFloats(image: PreparedImage): Promise<Float32Array> {
  const values = new Float32Array(image.length);
  await image.copyTo(values);
  return values;
}
