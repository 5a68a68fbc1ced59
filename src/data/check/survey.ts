import { InputError } from "../../util/errors.ts";
import { mapFromBothEnds } from "../both-ends.ts";
import { type Fingerprint, fingerprintOf } from "../duplicates/fingerprint.ts";
import { headLength, type Identity, identifyImage } from "../identify.ts";
import type { RgbImage } from "../image.ts";
import type { Platform } from "../platform.ts";
import { type DecodingRule, plainDecoding } from "../preprocessing.ts";
import { readPhoto } from "../read-photo.ts";
import type { Sample } from "../scan.ts";
import { decodedShare } from "./decoded-share.ts";
import { endsEarly } from "./ends-early.ts";
import { type Measures, measurePicture } from "./measure.ts";
import { shareUnlike } from "./share-unlike.ts";

/** All that is kept of a photo that was looked at: about 2 KB, and none of its pixels. */
export interface SurveyedPhoto {
  readonly sample: Sample;
  /** SHA-256 of the file's bytes. */
  readonly hash: string;
  /** Equal where size and every decoded pixel are. */
  readonly pixels: string;
  readonly identity: Identity;
  readonly frames: number;
  /** How much of it looks otherwise over white than with its alpha dropped, 0 to 1. */
  readonly transparent: number;
  readonly measures: Measures;
  readonly fingerprint: Fingerprint;
}

/** A file that training leaves out. */
export interface UnreadFile {
  readonly sample: Sample;
  readonly code: string;
  readonly reason: string;
  /** Of a damaged image, how much of it decodes, 0 to 1. */
  readonly decodedShare?: number;
}

export interface Survey {
  /** In the order of the samples, as `unread` is. */
  readonly photos: readonly SurveyedPhoto[];
  readonly unread: readonly UnreadFile[];
}

export interface SurveyOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Reads and decodes every file once, and forgets its pixels.
 *
 * @throws the signal's reason when it aborts
 */
export async function surveySamples(
  platform: Platform,
  samples: readonly Sample[],
  { onProgress, signal }: SurveyOptions = {},
): Promise<Survey> {
  let done = 0;
  const sizes = await Promise.all(samples.map(({ path }) => platform.sizeOf(path)));
  const surveyed = await mapFromBothEnds(samples, sizes, Math.max(2, platform.cores), async (sample) => {
    signal?.throwIfAborted();
    const result = await surveySample(platform, sample);
    onProgress?.(++done, samples.length);
    return result;
  });
  return {
    photos: surveyed.filter((result) => "measures" in result),
    unread: surveyed.filter((result) => "code" in result),
  };
}

async function surveySample(platform: Platform, sample: Sample): Promise<SurveyedPhoto | UnreadFile> {
  let bytes: Uint8Array | undefined;
  try {
    const { identity, bytes: read } = await readPhoto(platform, sample.path);
    bytes = read;
    const image = await platform.decode(bytes);
    const looks = { measures: measurePicture(image), fingerprint: fingerprintOf(image) };
    const pixels = await pixelKey(platform, image);
    const [hash, { frames, hasAlpha }] = await Promise.all([platform.sha256(bytes), platform.inspect(bytes)]);
    const transparent = hasAlpha ? shareUnlike(image, await platform.decode(bytes, overWhite)) : 0;
    platform.release?.(image.pixels);
    platform.release?.(bytes);
    return { sample, hash, pixels, identity, frames, transparent, ...looks };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return describeUnread(platform, sample, error, bytes);
  }
}

const overWhite: DecodingRule = { ...plainDecoding, background: "#ffffff" };

async function describeUnread(
  platform: Platform,
  sample: Sample,
  { code, message: reason }: InputError,
  bytes: Uint8Array | undefined,
): Promise<UnreadFile> {
  if (bytes === undefined || !damages.has(code)) return { sample, code, reason };
  const { format, name } = identifyImage(bytes.subarray(0, headLength));
  const damaged = await platform.decodeDamaged(bytes);
  const share = damaged && { decodedShare: decodedShare(damaged) };
  if (!endsEarly(bytes, format)) return { sample, code, reason, ...share };
  const early = `Expected a whole ${name} image, found one that ends too early`;
  return { sample, code: "image.cut-short", reason: early, ...share };
}

/** Of which a decoder often cannot tell one from the other. */
const damages: ReadonlySet<string> = new Set(["image.cut-short", "image.corrupt"]);

async function pixelKey(platform: Platform, { width, height, pixels }: RgbImage): Promise<string> {
  return `${width}x${height} ${await platform.sha256(pixels)}`;
}
