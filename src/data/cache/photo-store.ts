import type { Fingerprint } from "../duplicates/fingerprint.ts";
import type { Identity } from "../identify.ts";
import type { KeptPicture } from "../prepare.ts";
import { createShelf } from "./shelf.ts";

/** What is kept of a photo that has been decoded. */
export interface KeptPhoto {
  /** What the content of its file is. */
  readonly identity: Identity;
  /** Missing where nobody had asked for one when the photo was put. */
  readonly fingerprint?: Fingerprint;
  /** The decoded picture, or what `preparePixels` makes of it, whichever takes less memory: the bits are the same in the end. */
  readonly image: KeptPicture;
}

/**
 * Where decoded photos are kept from epoch to epoch, each under its key (see photo-key.ts). It may lose any of them at any
 * time, and says so by `undefined`: whoever asks decodes the photo again.
 */
export interface PhotoStore {
  get(key: string): Promise<KeptPhoto | undefined>;
  /** Takes the photo over: it may be read on, but its bytes must not be changed or given back any more. */
  put(key: string, photo: KeptPhoto): Promise<void>;
  /** Ends what is still being written. Nothing is asked of the store afterwards. */
  close(): Promise<void>;
}

export interface PhotoStoreOptions {
  /** Bytes of memory that photos may take. */
  readonly memoryBytes: number;
  /** What keeps those that memory does not hold. */
  readonly below?: PhotoStore | undefined;
}

/** Keeps photos in memory as long as there is room, and the others below, if anywhere. */
export function createPhotoStore({ memoryBytes, below }: PhotoStoreOptions): PhotoStore {
  const shelf = createShelf(memoryBytes);
  return {
    async get(key) {
      const kept = shelf.get(key);
      if (kept !== undefined) return kept;
      const found = await below?.get(key);
      if (found !== undefined) shelf.offer(key, found);
      return found;
    },
    async put(key, photo) {
      if (!shelf.offer(key, photo)) await below?.put(key, photo);
    },
    close: async () => below?.close(),
  };
}
