import { InputError } from "../util/errors.ts";
import { nameOfFormat } from "./identify.ts";
import type { ReadableFormat } from "./image.ts";
import type { DecodingRule } from "./preprocessing.ts";

/**
 * Refuses a picture by what its header says, before memory is taken for it: a file of some kilobytes may ask for gigabytes.
 * @throws InputError `image.too-large`
 */
export function checkPixels(
  width: number,
  height: number,
  format: ReadableFormat,
  { maxPixels }: DecodingRule,
): void {
  if (width * height <= maxPixels) return;
  throw new InputError(
    "image.too-large",
    `Expected an image of at most ${maxPixels} pixels, found a ${nameOfFormat(format)} of ${width}x${height}; a model trained with more --max-pixels takes it`,
  );
}
