import { headLength, identifyImage, notAnImage } from "./identify.ts";
import type { RgbImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import type { DecodingRule } from "./preprocessing.ts";

/** Photos smaller than this are read at once: of a million thumbnails opening each a second time would be most of the work. */
const SMALL = 16 * 1024;

/**
 * Reads a file that is an image by its first bytes.
 *
 * @throws InputError `image.…` or `file.…`
 */
export async function readPhoto(platform: Platform, path: string) {
  const head = await platform.readHead(path, SMALL);
  const identity = identifyImage(head.subarray(0, headLength));
  if (identity.format === undefined) throw notAnImage(identity); // without reading on: it may be a film of many gigabytes
  return { identity, bytes: head.length < SMALL ? head : await platform.readFile(path) };
}

/**
 * Reads and decodes one photo; by `plainDecoding` for a model that is not known yet.
 *
 * @throws InputError `image.…` or `file.…`
 */
export async function decodePhoto(platform: Platform, path: string, rule?: DecodingRule): Promise<RgbImage> {
  return platform.decode((await readPhoto(platform, path)).bytes, rule);
}
