import { InputError } from "../util/errors.ts";
import { createTurns } from "../util/turns.ts";
import { photoKeys } from "./cache/photo-key.ts";
import type { KeptPhoto, PhotoStore } from "./cache/photo-store.ts";
import type { Fingerprint } from "./duplicates/fingerprint.ts";
import type { Identity } from "./identify.ts";
import type { Platform } from "./platform.ts";
import { type KeptImage, keepPicture, type PreparedImage } from "./prepare.ts";
import { channelsOf, type Preprocessing } from "./preprocessing.ts";
import { readPhoto } from "./read-photo.ts";
import { takePicture } from "./take-picture.ts";

/** A file that is an image by its first bytes. */
export interface IdentifiedPhoto {
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly hash: string;
  readonly identity: Identity;
}

export interface SeenPhoto extends IdentifiedPhoto {
  /** What finds its near-duplicates, where it was asked for. */
  readonly fingerprint?: Fingerprint | undefined;
}

/** Reads photos as one rule has them, and keeps what it has decoded in a store. Every refusal is an `InputError` `image.…` or `file.…`. */
export interface PhotoReader {
  /** height * width * channels */
  readonly length: number;
  /** Reads the file, and decodes nothing. */
  identify(path: string): Promise<IdentifiedPhoto>;
  /** Has the photo in the store, decoded now where it is not there yet. */
  see(path: string, fingerprints: boolean): Promise<SeenPhoto>;
  /**
   * The photo with this hash: from the store or, where that has it no more, from the file again.
   * @throws InputError `data.changed` where the file is another one now
   */
  fetch(path: string, hash: string): Promise<KeptImage>;
  readonly copyAll: PreparedImage["copyAll"];
}

export interface PhotoReaderOptions {
  readonly store: PhotoStore;
  /** Photos that are fetched again at once; by default one more than the machine has cores, for while one is read another is decoded. */
  readonly concurrency?: number | undefined;
}

export async function createPhotoReader(
  platform: Platform,
  preprocessing: Preprocessing,
  { store, concurrency = platform.cores + 1 }: PhotoReaderOptions,
): Promise<PhotoReader> {
  const keyOf = await photoKeys(platform, preprocessing);
  const inTurn = createTurns(concurrency);

  async function read(path: string): Promise<IdentifiedPhoto & { readonly bytes: Uint8Array }> {
    const { identity, bytes } = await readPhoto(platform, path);
    return { identity, bytes, hash: await platform.sha256(bytes) };
  }

  async function decode(
    { identity, hash, bytes }: Awaited<ReturnType<typeof read>>,
    fingerprints: boolean,
  ): Promise<KeptPhoto> {
    const taken = await takePicture(platform, bytes, preprocessing, fingerprints);
    platform.release?.(bytes);
    const photo = { identity, ...taken };
    await store.put(keyOf(hash), photo);
    return photo;
  }

  async function readAgain(path: string, hash: string): Promise<KeptPhoto> {
    const file = await read(path);
    if (file.hash === hash) return decode(file, false);
    throw new InputError(
      "data.changed",
      `Expected the same photo as at first in "${path}", found another one`,
    );
  }

  const { preparePictures } = platform;
  const copyAll = async (images: readonly KeptImage[], target: Float32Array) =>
    preparePictures?.(
      images.map(({ picture }) => picture),
      preprocessing,
      target,
    );

  return {
    length: preprocessing.height * preprocessing.width * channelsOf(preprocessing),
    async identify(path) {
      const { identity, hash, bytes } = await read(path);
      platform.release?.(bytes);
      return { identity, hash };
    },
    async see(path, fingerprints) {
      const file = await read(path);
      const { identity, hash } = file;
      const kept = await store.get(keyOf(hash));
      const enough = kept !== undefined && !(fingerprints && kept.fingerprint === undefined);
      const { fingerprint } = enough ? kept : await decode(file, fingerprints);
      return { identity, hash, fingerprint };
    },
    async fetch(path, hash) {
      const kept = (await store.get(keyOf(hash))) ?? (await inTurn(() => readAgain(path, hash)));
      return keepPicture(kept.image, preprocessing, platform);
    },
    copyAll: preparePictures && copyAll,
  };
}
