import { InputError } from "../util/errors.ts";
import { mapFromBothEnds } from "./both-ends.ts";
import { createPhotoStore, type PhotoStore } from "./cache/photo-store.ts";
import type { Fingerprint } from "./duplicates/fingerprint.ts";
import { expectedFormatOfName, type Identity, nameOfFormat } from "./identify.ts";
import type { PartName } from "./parts.ts";
import { createPhotoReader, type PhotoReader, type SeenPhoto } from "./photo-reader.ts";
import type { Platform } from "./platform.ts";
import type { KeptImage, PreparedImage } from "./prepare.ts";
import type { Preprocessing } from "./preprocessing.ts";
import type { Sample } from "./scan.ts";
import type { SplitItem } from "./split.ts";
import { findContents } from "./units.ts";

/** A photo that can be split, and be had as the model takes it. */
export interface LoadedSample extends SplitItem {
  readonly sample: Sample;
  /** Fetched from where photos are kept, or read and decoded again; rejects by an `InputError` what is gone or has changed since. */
  readonly image: PreparedImage;
}

/** Something about a file that its owner may want to know. */
export interface DataProblem {
  readonly relativePath: string;
  /** Stable: `image.…` and `file.…` leave the file out, and so does `data.changed`; `data.misnamed` and `data.in-two-classes` do not. */
  readonly code: string;
  readonly reason: string;
  readonly excluded: boolean;
}

export interface LoadedData {
  /** In the order of the samples. */
  readonly loaded: readonly LoadedSample[];
  /** What finds near-duplicates of each that is loaded, where it was asked for. */
  readonly fingerprints: readonly Fingerprint[];
  /** In the order of the samples. */
  readonly problems: readonly DataProblem[];
}

export interface LoadOptions {
  /** Called after each file, in whatever order they finish. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /**
   * `decode` has all photos in the store before anything else, and knows which cannot be decoded; `fingerprint` takes fingerprints
   * too; `identify` only reads and hashes the files, and what cannot be decoded is met when its picture is wanted.
   */
  readonly depth?: "identify" | "decode" | "fingerprint";
  /** Where decoded photos are kept; by default all are, in memory. */
  readonly store?: PhotoStore | undefined;
  /** How many files are decoded at once; by default one more than the machine has cores, for while one is read another is decoded. */
  readonly concurrency?: number;
}

/** Files that are read and hashed at once: most of that is waiting. */
const READ_AT_ONCE = 16;

/**
 * Reads every sample once. What is no image, is damaged or has gone since is listed with its reason and left out; the rest is
 * known by its content, in the order of the samples.
 *
 * @throws the signal's reason when it aborts
 */
export async function loadSamples(
  platform: Platform,
  samples: readonly Sample[],
  preprocessing: Preprocessing,
  options: LoadOptions = {},
): Promise<LoadedData> {
  const { depth = "decode", store = createPhotoStore({ memoryBytes: Number.POSITIVE_INFINITY }) } = options;
  const { concurrency = platform.cores + 1, onProgress, signal } = options;
  const photos = await createPhotoReader(platform, preprocessing, { store, concurrency });
  const fingerprints = new Map<StoredSample, Fingerprint>();
  const problems = new Map<Sample, DataProblem[]>();
  let done = 0;
  const load = async (sample: Sample): Promise<StoredSample | undefined> => {
    signal?.throwIfAborted();
    try {
      const { hash, identity, fingerprint } = await look(photos, sample, depth);
      const loaded = new StoredSample(sample, hash, photos);
      if (fingerprint) fingerprints.set(loaded, fingerprint);
      const found = misnamed(sample, identity);
      if (found) problems.set(sample, [found]);
      return loaded;
    } catch (error) {
      problems.set(sample, [problemOf(sample, error)]);
      return undefined;
    } finally {
      onProgress?.(++done, samples.length);
    }
  };
  const sizes = depth === "identify" ? new Uint8Array(samples.length) : await sizesOf(platform, samples);
  const atOnce = depth === "identify" ? READ_AT_ONCE : concurrency;
  const results = await mapFromBothEnds(samples, sizes, atOnce, load);
  const loaded = results.filter((result) => result !== undefined);
  for (const problem of contradictions(loaded)) {
    problems.set(problem.sample, [...(problems.get(problem.sample) ?? []), problem.found]);
  }
  return {
    loaded,
    fingerprints: loaded.flatMap((each) => fingerprints.get(each) ?? []),
    problems: samples.flatMap((sample) => problems.get(sample) ?? []),
  };
}

/**
 * What is wrong with a photo that could not be had.
 * @throws the error where it is no fault of the photo
 */
export function problemOf({ relativePath }: Pick<Sample, "relativePath">, error: unknown): DataProblem {
  if (!(error instanceof InputError)) throw error;
  return { relativePath, code: error.code, reason: error.message, excluded: true };
}

/** One object a photo, for there may be a million: what it is asked for, it asks of its sample and of the reader. */
class StoredSample implements LoadedSample, PreparedImage {
  readonly sample: Sample;
  readonly hash: string;
  private readonly photos: PhotoReader;

  constructor(sample: Sample, hash: string, photos: PhotoReader) {
    this.sample = sample;
    this.hash = hash;
    this.photos = photos;
  }

  get image(): PreparedImage {
    return this;
  }

  get relativePath(): string {
    return this.sample.relativePath;
  }

  get classIndex(): number {
    return this.sample.classIndex;
  }

  get part(): PartName | undefined {
    return this.sample.part;
  }

  get group(): string | undefined {
    return this.sample.group;
  }

  get length(): number {
    return this.photos.length;
  }

  get copyAll(): PreparedImage["copyAll"] {
    return this.photos.copyAll;
  }

  fetch(): Promise<KeptImage> {
    return this.photos.fetch(this.sample.path, this.hash);
  }
}

function look(photos: PhotoReader, { path }: Sample, depth: LoadOptions["depth"]): Promise<SeenPhoto> {
  return depth === "identify" ? photos.identify(path) : photos.see(path, depth === "fingerprint");
}

function sizesOf(platform: Platform, samples: readonly Sample[]): Promise<number[]> {
  return Promise.all(samples.map(({ path }) => platform.sizeOf(path)));
}

function misnamed({ path, relativePath }: Sample, identity: Identity): DataProblem | undefined {
  const expected = expectedFormatOfName(path);
  if (expected === undefined || expected === identity.format) return undefined;
  const reason = `Named as ${nameOfFormat(expected)}, but its content is ${identity.name}`;
  return { relativePath, code: "data.misnamed", reason, excluded: false };
}

/** Photos whose very bytes also lie in another class. */
function* contradictions(loaded: readonly LoadedSample[]): Generator<{ sample: Sample; found: DataProblem }> {
  const { contentOf, classOf } = findContents(loaded);
  const first = new Map<number, LoadedSample>();
  for (const [index, item] of loaded.entries()) {
    const content = contentOf[index];
    if (classOf[content] >= 0) continue;
    const twin = first.get(content);
    if (twin === undefined) first.set(content, item);
    else if (twin.classIndex !== item.classIndex) {
      const reason = `The same file as ${twin.relativePath}, in another class; where the split is Fovea's own, both are used for training only`;
      const { sample, relativePath } = item;
      yield { sample, found: { relativePath, code: "data.in-two-classes", reason, excluded: false } };
    }
  }
}
