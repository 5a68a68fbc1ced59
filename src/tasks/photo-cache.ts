import { z } from "zod";
import { createPhotoStore, type PhotoStore } from "../data/cache/photo-store.ts";
import { parseByteSize } from "../util/byte-size.ts";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";
import { liesIn } from "./run-folder.ts";
import { type NameOption, parseOptions } from "./train-options.ts";

/** Of the memory that is free; what else the machine does needs some too. */
const SHARE_OF_MEMORY = 1 / 4;
const MOST_MEMORY = 2e9;

const NOWHERE = "none";

const size = z
  .string()
  .refine((text) => parseByteSize(text) !== undefined, "a size such as 500MB or 2GB")
  .optional();

/**
 * Where decoded photos are kept. That is a matter of the machine and never of what is learned, so that a run does not record it
 * and may go on with another.
 */
export const cacheOptionsSchema = z.object({
  cacheMemory: size.describe(
    "Memory for decoded photos, such as 500MB; by default a quarter of what is free, 2GB at most",
  ),
  cache: z
    .string()
    .refine((text) => text !== "", `a folder, or ${NOWHERE}`)
    .optional()
    .describe(
      `Folder for decoded photos that memory does not hold, or ${NOWHERE}; by default in the user's folder for caches`,
    ),
  cacheSize: size.describe(
    "What photos of all runs may take in that folder, such as 5GB; by default 20GB, and at most half of what the disk has free",
  ),
});

export type CacheOptions = z.infer<typeof cacheOptionsSchema>;

/** @throws InputError `option.bad-value` */
export function parseCacheOptions(given: CacheOptions, nameOption?: NameOption): CacheOptions {
  return parseOptions(cacheOptionsSchema, given, nameOption);
}

/**
 * Keeps decoded photos in memory and, what has no room there, on the disk.
 * @throws InputError `cache.inside-photos`
 */
export function openPhotoCache(
  machine: Machine,
  options: CacheOptions,
  data: string,
  onNotice: (text: string) => void,
): PhotoStore {
  const free = machine.availableMemory() * SHARE_OF_MEMORY;
  return createPhotoStore({
    memoryBytes: bytesOf(options.cacheMemory) ?? Math.min(free, MOST_MEMORY),
    below: openBelow(machine, options, data, onNotice),
  });
}

function openBelow(
  machine: Machine,
  { cache: folder, cacheSize }: CacheOptions,
  data: string,
  onNotice: (text: string) => void,
): PhotoStore | undefined {
  if (folder === NOWHERE) return undefined;
  if (folder !== undefined && liesIn(machine, folder, data)) {
    throw new InputError(
      "cache.inside-photos",
      `Expected --cache outside of the photos in "${data}", found "${folder}"`,
    );
  }
  return machine.openPhotoFolder({ folder, bytes: bytesOf(cacheSize), onNotice });
}

const bytesOf = (text: string | undefined) => (text === undefined ? undefined : parseByteSize(text));
