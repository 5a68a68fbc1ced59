import { InputError } from "../util/errors.ts";
import { nameOfFormat } from "./identify.ts";
import type { ReadableFormat } from "./image.ts";
import { countScans } from "./jpeg-scans.ts";
import type { DecodingRule } from "./preprocessing.ts";

/**
 * The part of the limit that holds for a format: an AVIF of 178 megapixels, which may be a file of 4 KB, takes 6 seconds and 3 GB to
 * decode, where a PNG takes one second and 0.6 GB.
 */
const shareOfLimit: Readonly<Partial<Record<ReadableFormat, number>>> = { avif: 1 / 2 };

/** Of a JPEG of the most pixels; encoders write ten. Each scan passes over all pixels, and may be a few bytes. */
const MOST_SCANS = 16;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly format: ReadableFormat;
}

/**
 * Refuses a picture by what its header says, before time and memory are taken for it: a file of some kilobytes may ask for gigabytes.
 * @throws InputError `image.too-large`
 */
export function checkPixels({ width, height, format }: Header, { maxPixels }: DecodingRule): void {
  const limit = Math.floor(maxPixels * (shareOfLimit[format] ?? 1));
  if (width * height <= limit) return;
  const article = format === "avif" ? "an" : "a";
  throw tooLarge(
    `${article} ${nameOfFormat(format)} image of at most ${limit} pixels, found one of ${width}x${height}`,
  );
}

/**
 * Refuses a JPEG that would be passed over for minutes.
 * @throws InputError `image.too-large`
 */
export function checkScans(bytes: Uint8Array, { width, height }: Header, { maxPixels }: DecodingRule): void {
  const most = Math.floor((MOST_SCANS * maxPixels) / (width * height));
  const scans = countScans(bytes);
  if (scans > most) throw tooLarge(`at most ${most} scans in a JPEG of ${width}x${height}, found ${scans}`);
}

function tooLarge(what: string): InputError {
  return new InputError(
    "image.too-large",
    `Expected ${what}; a model trained with more --max-pixels takes it`,
  );
}
