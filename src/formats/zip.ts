import {
  BlobReader,
  type FileEntry,
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipReader,
  ZipWriter,
} from "@zip.js/zip.js";
import { InputError } from "../util/errors.ts";

/** Zip files of a model, in memory. (Archives of photos are read piece by piece: platform/node/archive.) */

/** What a part may unpack to, and how often its own size where it is more. Deflate makes at most 1032 of one. */
const SMALL = 64 * 1024 * 1024;
const LARGEST_RATIO = 100;

const inThisThread = { useWebWorkers: false } as const;

/**
 * The parts of a zip that are asked for, by name; those that it lacks are not in the answer.
 * @throws InputError `model.damaged` where it is cut, a checksum is wrong, or a part would unpack to far more than it is
 */
export async function readZip(bytes: Uint8Array, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const reader = new ZipReader(new Uint8ArrayReader(bytes), inThisThread);
  try {
    const parts = new Map<string, Uint8Array>();
    for (const entry of await reader.getEntries()) {
      if (entry.directory || !names.includes(entry.filename)) continue;
      checkIsNoBomb(entry);
      parts.set(entry.filename, await entry.getData(new Uint8ArrayWriter(), { checkSignature: true }));
    }
    return parts;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new InputError(
      "model.damaged",
      `Expected a sound zip file, found one cut short or damaged (${cause})`,
      {
        cause: error,
      },
    );
  } finally {
    await reader.close();
  }
}

/** Stored as they are, as Keras does, and without the time of day: the same parts make the same bytes. */
export async function writeZip(
  parts: ReadonlyMap<string, readonly (string | Uint8Array)[]>,
): Promise<Uint8Array> {
  const options = { ...inThisThread, level: 0, extendedTimestamp: false, lastModDate: new Date(1980, 0, 1) };
  const writer = new ZipWriter(new Uint8ArrayWriter(), options);
  for (const [name, pieces] of parts) {
    await writer.add(name, new BlobReader(new Blob([...pieces] as BlobPart[])));
  }
  return writer.close();
}

function checkIsNoBomb({ filename, compressedSize, uncompressedSize }: FileEntry): void {
  if (uncompressedSize <= Math.max(SMALL, LARGEST_RATIO * compressedSize)) return;
  throw new InputError(
    "model.damaged",
    `Expected parts of a model, found "${filename}" of ${compressedSize} bytes that says it unpacks to ${uncompressedSize}`,
  );
}
