import { InputError } from "../util/errors.ts";
import { mapFromBothEnds } from "./both-ends.ts";
import { type Fingerprint, fingerprintOf } from "./duplicates/fingerprint.ts";
import {
  expectedFormatOfName,
  headLength,
  type Identity,
  identifyImage,
  nameOfFormat,
  notAnImage,
} from "./identify.ts";
import type { RgbImage } from "./image.ts";
import type { Platform } from "./platform.ts";
import { keepSmaller, type PreparedImage } from "./prepare.ts";
import type { DecodingRule, Preprocessing } from "./preprocessing.ts";
import type { Sample } from "./scan.ts";

/** A photo as the model takes it. */
export interface LoadedPhoto {
  /** SHA-256 of the file's bytes. */
  readonly hash: string;
  readonly image: PreparedImage;
  /** What the content is. */
  readonly identity: Identity;
  /** What finds its near-duplicates, where it was asked for. */
  readonly fingerprint?: Fingerprint;
}

export interface LoadedSample extends LoadedPhoto {
  readonly sample: Sample;
}

/** Something about a file that its owner may want to know. */
export interface DataProblem {
  readonly relativePath: string;
  /** Stable: `image.…` and `file.…` leave the file out; `data.misnamed` and `data.in-two-classes` do not. */
  readonly code: string;
  readonly reason: string;
  readonly excluded: boolean;
}

export interface LoadedData {
  /** In the order of the samples. */
  readonly loaded: readonly LoadedSample[];
  /** In the order of the samples. */
  readonly problems: readonly DataProblem[];
}

export interface LoadOptions {
  /** Called after each file, in whatever order they finish. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Take fingerprints too. */
  readonly fingerprints?: boolean;
  /** How many files are in work at once; by default as many as the machine has cores, and at least two. */
  readonly concurrency?: number;
}

/**
 * Reads every sample once: hash, decode, resize, scale. What is no image, is damaged or has gone since is listed with
 * its reason and left out; the rest is kept, in the order of the samples.
 *
 * @throws the signal's reason when it aborts
 */
export async function loadSamples(
  platform: Platform,
  samples: readonly Sample[],
  preprocessing: Preprocessing,
  options: LoadOptions = {},
): Promise<LoadedData> {
  let done = 0;
  const { concurrency = Math.max(2, platform.cores) } = options;
  const sizes = await Promise.all(samples.map(({ path }) => platform.sizeOf(path)));
  const results = await mapFromBothEnds(samples, sizes, concurrency, async (sample) => {
    options.signal?.throwIfAborted();
    const result = await loadSample(platform, sample, preprocessing, options.fingerprints);
    options.onProgress?.(++done, samples.length);
    return result;
  });
  const loaded = results.filter((result) => "image" in result);
  const contradicted = contradictions(loaded);
  const problems = results.flatMap((result): DataProblem[] => {
    if (!("image" in result)) return [result];
    return [...misnamed(result), ...(contradicted.get(result) ?? [])];
  });
  return { loaded, problems };
}

/**
 * Reads one photo.
 *
 * @throws InputError `image.…` or `file.…`
 */
export async function loadPhoto(
  platform: Platform,
  path: string,
  preprocessing: Preprocessing,
  fingerprints = false,
): Promise<LoadedPhoto> {
  const { identity, bytes } = await readPhoto(platform, path);
  const hash = await platform.sha256(bytes);
  const picture = await platform.decode(bytes, preprocessing);
  platform.release?.(bytes);
  const seen = fingerprints && { fingerprint: fingerprintOf(picture) };
  return { hash, identity, ...seen, image: keepSmaller(picture, preprocessing, platform) };
}

/**
 * Reads and decodes one photo; by `plainDecoding` for a model that is not known yet.
 *
 * @throws InputError `image.…` or `file.…`
 */
export async function decodePhoto(platform: Platform, path: string, rule?: DecodingRule): Promise<RgbImage> {
  return platform.decode((await readPhoto(platform, path)).bytes, rule);
}

/** Reads a file that is an image by its first bytes. */
export async function readPhoto(platform: Platform, path: string) {
  const identity = identifyImage(await platform.readHead(path, headLength));
  if (identity.format === undefined) throw notAnImage(identity); // without reading on: it may be a film of many gigabytes
  return { identity, bytes: await platform.readFile(path) };
}

async function loadSample(
  platform: Platform,
  sample: Sample,
  preprocessing: Preprocessing,
  fingerprints: boolean | undefined,
): Promise<LoadedSample | DataProblem> {
  try {
    return { sample, ...(await loadPhoto(platform, sample.path, preprocessing, fingerprints)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { code, message } = error;
    return { relativePath: sample.relativePath, code, reason: message, excluded: true };
  }
}

function misnamed({ sample, identity }: LoadedSample): DataProblem[] {
  const expected = expectedFormatOfName(sample.path);
  if (expected === undefined || expected === identity.format) return [];
  const reason = `Named as ${nameOfFormat(expected)}, but its content is ${identity.name}`;
  return [{ relativePath: sample.relativePath, code: "data.misnamed", reason, excluded: false }];
}

/** Photos whose very bytes also lie in another class. */
function contradictions(loaded: readonly LoadedSample[]): Map<LoadedSample, DataProblem[]> {
  const first = new Map<string, LoadedSample>();
  const problems = new Map<LoadedSample, DataProblem[]>();
  for (const item of loaded) {
    const twin = first.get(item.hash);
    if (twin === undefined) first.set(item.hash, item);
    else if (twin.sample.classIndex !== item.sample.classIndex) {
      const reason = `The same file as ${twin.sample.relativePath}, in another class; both are used for training only`;
      const { relativePath } = item.sample;
      problems.set(item, [{ relativePath, code: "data.in-two-classes", reason, excluded: false }]);
    }
  }
  return problems;
}
