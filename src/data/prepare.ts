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

/** A decoded picture, or what `preparePixels` makes of it. */
export type KeptPicture = PixelImage | Float32Array;

/** Writes what `copyPrepared` gives of each, end to end, off the event loop and on all cores. */
export type PreparePictures = (
  pictures: readonly KeptPicture[],
  preprocessing: Preprocessing,
  target: Float32Array,
) => Promise<void>;

/** A picture for a model that will ask for it again and again. */
export interface PreparedImage {
  /** height * width * channels */
  readonly length: number;
  /** The picture at hand; where it must be fetched first, that is done when the promise is. */
  fetch(): KeptImage | Promise<KeptImage>;
  /** Where there is a faster way for several of its kind: as `copyTo` of each, end to end. */
  readonly copyAll?: ((images: readonly KeptImage[], target: Float32Array) => Promise<void>) | undefined;
}

/** One that is at hand. */
export interface KeptImage extends PreparedImage {
  readonly picture: KeptPicture;
  /** Writes what `preparePixels` gives. */
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
): KeptPicture {
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
  kept: KeptPicture,
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
  return keepPicture(smallerOf(decoded, preprocessing, platform), preprocessing, platform);
}

export function keepPicture(
  picture: KeptPicture,
  preprocessing: Preprocessing,
  platform: Pick<Platform, "preparePixels">,
): KeptImage {
  const length = preprocessing.height * preprocessing.width * channelsOf(preprocessing);
  const copyTo = (target: Float32Array) => copyPrepared(picture, preprocessing, platform, target);
  const kept: KeptImage = { length, picture, copyTo, fetch: () => kept };
  return kept;
}

export function keepFloats(values: Float32Array): KeptImage {
  const kept: KeptImage = {
    length: values.length,
    picture: values,
    copyTo: (target) => target.set(values),
    fetch: () => kept,
  };
  return kept;
}

export function floatsOf(image: KeptImage): Float32Array {
  const values = new Float32Array(image.length);
  image.copyTo(values);
  return values;
}

/** The same of a picture that may have to be fetched. */
export async function fetchFloats(image: PreparedImage): Promise<Float32Array> {
  return floatsOf(await image.fetch());
}
