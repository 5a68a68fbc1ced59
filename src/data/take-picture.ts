import { type Fingerprint, fingerprintOf } from "./duplicates/fingerprint.ts";
import type { Platform } from "./platform.ts";
import { type KeptPicture, smallerOf } from "./prepare.ts";
import type { Preprocessing } from "./preprocessing.ts";

/** What is taken of a picture when it is decoded. */
export interface TakenPicture {
  /** What `smallerOf` gives. */
  readonly image: KeptPicture;
  /** Where it was asked for. */
  readonly fingerprint?: Fingerprint;
}

/** As `takePicture` below, to the same bits; undefined where it has no faster way for this file. */
export type TakePicture = (
  bytes: Uint8Array,
  preprocessing: Preprocessing,
  fingerprints: boolean,
) => Promise<TakenPicture | undefined>;

/**
 * Decodes a file and keeps what a model will ask for, and a fingerprint where it is wanted.
 *
 * @throws InputError `image.…`
 */
export async function takePicture(
  platform: Platform,
  bytes: Uint8Array,
  preprocessing: Preprocessing,
  fingerprints: boolean,
): Promise<TakenPicture> {
  const taken = await platform.takePicture?.(bytes, preprocessing, fingerprints);
  if (taken !== undefined) return taken;
  const picture = await platform.decode(bytes, preprocessing);
  const seen = fingerprints && { fingerprint: fingerprintOf(picture) };
  return { ...seen, image: inOwnMemory(smallerOf(picture, preprocessing, platform), platform) };
}

/** A decoder's memory goes when the thread ends that asked for it, and threads that prepare pictures may go on for a moment. */
function inOwnMemory(picture: KeptPicture, platform: Platform): KeptPicture {
  if (picture instanceof Float32Array) return picture;
  const pixels = picture.pixels.slice();
  platform.release?.(picture.pixels);
  return { ...picture, pixels };
}
