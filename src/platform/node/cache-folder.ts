import { crc32 } from "node:zlib";
import { decodeEntry, encodeEntry } from "../../data/cache/entry.ts";
import type { KeptPhoto, PhotoStore } from "../../data/cache/photo-store.ts";
import type { PhotoFolderOptions } from "../../tasks/machine.ts";
import { formatByteSize } from "../../util/byte-size.ts";
import { entryPath, readEntry, removeFile, touchEntry, writeEntry } from "./cache-entries.ts";
import { cachePlace, preparePlace } from "./cache-place.ts";
import { createRoom } from "./cache-room.ts";
import { fileError } from "./files.ts";
import { createMemoryGate } from "./memory-gate.ts";

/** Of photos that are being written at most; whoever puts more waits until there is room. */
const WRITING_BYTES = 16 * 1024 * 1024;

/** File systems keep times to two seconds at the coarsest. */
const COARSEST_MS = 2000;

/**
 * Photos in files, one each, that several processes may share: a file is whole or not there, what one writes another would write
 * just so, and what one removes the other decodes anew. It keeps what this process has put or used, and of the rest what was used
 * last. Nothing that goes wrong here ends the run: what cannot be read is missing, and after what cannot be written nothing more is.
 */
export function openPhotoFolder({ folder, bytes, onNotice }: PhotoFolderOptions): PhotoStore {
  const since = Date.now() - COARSEST_MS;
  const place = once(() => cachePlace(folder));
  const prepared = once(async () => {
    await preparePlace(await place());
    return createRoom({ folder: await place(), limit: bytes, since });
  });
  const writing = new Map<string, KeptPhoto>();
  const underWay = new Set<Promise<void>>();
  const withMemory = createMemoryGate(WRITING_BYTES);
  let stopped = false;

  function stop(reason: string): void {
    if (!stopped) onNotice(`${reason}. Photos that memory does not hold are decoded again in each epoch`);
    stopped = true;
  }

  async function write(key: string, pieces: readonly Uint8Array[], length: number): Promise<void> {
    if (stopped) return;
    try {
      const room = await prepared();
      const written = await room.use(length, async () => writeEntry(await place(), key, pieces));
      if (!written)
        stop(
          `The cache of decoded photos has no room left in its ${formatByteSize(room.bound)} (--cache-size)`,
        );
    } catch (error) {
      stop(
        messageOf(fileError(error, "cache decoded photos in", await place().catch(() => "the cache folder"))),
      );
    }
  }

  return {
    async get(key) {
      const photo = writing.get(key);
      if (photo !== undefined) return photo;
      const root = await place().catch(() => undefined);
      return root === undefined ? undefined : readPhoto(entryPath(root, key), key, since);
    },
    async put(key, photo) {
      if (stopped || writing.has(key)) return;
      const pieces = encodeEntry(key, photo, crc32);
      const length = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
      writing.set(key, photo);
      await new Promise<void>((begun) => {
        const work = withMemory(length, () => {
          begun();
          return write(key, pieces, length);
        }).finally(() => {
          writing.delete(key);
          underWay.delete(work);
        });
        underWay.add(work);
      });
    },
    async close() {
      await Promise.all(underWay);
    },
  };
}

/** A photo that has not been used since the process began is marked as used now; a damaged one is removed. */
async function readPhoto(path: string, key: string, since: number): Promise<KeptPhoto | undefined> {
  const entry = await readEntry(path);
  if (entry === undefined) return undefined;
  const photo = decodeEntry(key, entry.bytes, crc32);
  if (photo === undefined) await removeFile(path);
  else if (entry.usedAt < since) await touchEntry(path);
  return photo;
}

/** Begins the work when it is first asked for. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
