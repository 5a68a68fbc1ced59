import type { PhotoStore } from "../data/cache/photo-store.ts";
import type { Fingerprint } from "../data/duplicates/fingerprint.ts";
import { findNearDuplicates } from "../data/duplicates/near-duplicates.ts";
import { kerasFiles } from "../data/keras-split.ts";
import { type DataProblem, type LoadedData, type LoadedSample, loadSamples } from "../data/load.ts";
import { type PartName, partNames } from "../data/parts.ts";
import type { Platform } from "../data/platform.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { openSource, type Source } from "../data/source.ts";
import type { SplitItem } from "../data/split.ts";
import { parseSplitChoice } from "../data/split-choice.ts";
import { matchSplit, type SplitManifest, toSplitManifest } from "../data/split-manifest.ts";
import { InputError } from "../util/errors.ts";
import { type PhotoSplit, readKeptSplit, splitPhotos } from "./split-photos.ts";
import type { ClassCount, Observe } from "./train-events.ts";
import type { TrainOptions } from "./train-options.ts";

/** Photos of which each can be decoded before training begins, unless somebody says otherwise: 10 minutes of two cores. */
const DECODED_FIRST = 100_000;

/** Photos in their parts. */
export interface TrainingData {
  readonly classNames: readonly string[];
  readonly parts: Readonly<Record<PartName, readonly LoadedSample[]>>;
  readonly classes: readonly ClassCount[];
  readonly problems: readonly DataProblem[];
  readonly manifest: SplitManifest;
  readonly preprocessing: Preprocessing;
}

export interface TrainingDataRequest {
  readonly options: TrainOptions;
  /** From a file to what the model takes. */
  readonly preprocessing: Preprocessing;
  /** Where decoded photos are kept. */
  readonly store: PhotoStore;
  /** The split to keep to, in a run that goes on. */
  readonly manifest?: SplitManifest | undefined;
  readonly observe: Observe;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds, loads and splits photos, and works with them while their source is open.
 * @throws InputError `data.…`, `manifest.…`, `group.…`, `split.…`
 */
export async function withTrainingData<T>(
  platform: Platform,
  data: string,
  request: TrainingDataRequest,
  work: (data: TrainingData) => Promise<T>,
): Promise<T> {
  const { options, signal } = request;
  const rule = parseSplitChoice(options.split).by === "keras" ? kerasFiles : undefined;
  const source = await openSource(platform, data, { signal, groupBy: options.groupBy, rule });
  try {
    if (request.manifest) checkClasses(request.manifest.classes, source.classNames, data);
    request.observe({ type: "scanned", data, files: source.samples.length, classNames: source.classNames });
    return await work(await prepareTrainingData(platform, source, request));
  } finally {
    await source.close();
  }
}

async function prepareTrainingData(
  platform: Platform,
  source: Source,
  request: TrainingDataRequest,
): Promise<TrainingData> {
  const { options, preprocessing, manifest: kept, observe, signal } = request;
  const { classNames, skipped } = source;
  const choice = parseSplitChoice(options.split);
  const earlier = choice.by === "kept" && !kept ? await readKeptSplit(platform, choice.path) : undefined;
  const { loaded: items, fingerprints, problems } = await loadAll(source, request);
  const together = await findTogether(fingerprints, signal);
  const split = () => splitPhotos({ ...source, choice, seed: options.seed, items, together, kept: earlier });
  const {
    parts: indices,
    manifest,
    notices,
  } = explain(problems, () =>
    kept
      ? { parts: matchSplit(kept, items), manifest: kept, notices: [] }
      : described(split(), source, items, problems),
  );
  const [train, validation, test] = partNames.map((part) => indices[part].map((index) => items[index]));
  const parts = { train, validation, test };
  const classes = countClasses(parts, classNames);
  observe({ type: "loaded", problems, skipped, classes });
  for (const text of notices) observe({ type: "notice", text });
  return { classNames, parts, classes, problems, manifest, preprocessing };
}

/** Where near-duplicates are looked for, all photos are decoded first; otherwise each when it is wanted. */
async function loadAll(
  { platform, samples }: Source,
  { options, preprocessing, manifest, store, observe, signal }: TrainingDataRequest,
): Promise<LoadedData> {
  const { duplicates = samples.length > DECODED_FIRST ? "ignore" : "group" } = options;
  if (duplicates !== options.duplicates && duplicates === "ignore") {
    const text = `More than ${DECODED_FIRST.toLocaleString("en-US")} photos: training begins before they are decoded, so near-duplicates may fall on two sides of the split. With --duplicates group all are decoded and compared first.`;
    observe({ type: "notice", text });
  }
  const first = manifest ? "decode" : "fingerprint"; // a split that is kept stays as it is
  return loadSamples(platform, samples, preprocessing, {
    onProgress: (done, total) => observe({ type: "loading", done, total }),
    depth: duplicates === "ignore" ? "identify" : first,
    store,
    ...(signal && { signal }),
  });
}

/** Sets of photos that show the same, where fingerprints were taken. */
async function findTogether(
  fingerprints: readonly Fingerprint[],
  signal: AbortSignal | undefined,
): Promise<(readonly number[])[]> {
  if (fingerprints.length === 0) return [];
  const groups = await findNearDuplicates(fingerprints, signal && { signal });
  return groups.map(({ members }) => members);
}

function described(
  { parts, options, notices }: PhotoSplit,
  { samples, classNames }: Source,
  items: readonly SplitItem[],
  problems: readonly DataProblem[],
) {
  const leftOut = new Set(
    problems.filter(({ excluded }) => excluded).map(({ relativePath }) => relativePath),
  );
  const classes = new Map<string, string>();
  for (const { relativePath, classIndex } of leftOut.size > 0 ? samples : []) {
    if (leftOut.has(relativePath)) classes.set(relativePath, classNames[classIndex]);
  }
  const classOf = (relativePath: string) => classes.get(relativePath) ?? "";
  return { parts, notices, manifest: toSplitManifest(items, parts, problems, options, classOf) };
}

/** Where too few images are left, those that were left out are the likely reason. */
function explain<T>(problems: readonly DataProblem[], split: () => T): T {
  try {
    return split();
  } catch (error) {
    const leftOut = problems.filter(({ excluded }) => excluded);
    if (!(error instanceof InputError) || leftOut.length === 0) throw error;
    const [{ relativePath, reason }] = leftOut;
    const files = leftOut.length === 1 ? "1 file was" : `${leftOut.length} files were`;
    throw new InputError(
      error.code,
      `${error.message}; ${files} left out, such as "${relativePath}": ${reason}`,
      { cause: error },
    );
  }
}

function checkClasses(expected: readonly string[], found: readonly string[], data: string): void {
  if (expected.join("/") === found.join("/")) return;
  throw new InputError(
    "split.data-changed",
    `Expected the classes ${expected.join(", ")} in "${data}", found ${found.join(", ")}`,
  );
}

function countClasses(parts: TrainingData["parts"], classNames: readonly string[]): ClassCount[] {
  const counts = classNames.map((name) => ({ name, train: 0, validation: 0, test: 0 }));
  for (const part of partNames) for (const { classIndex } of parts[part]) counts[classIndex][part]++;
  return counts;
}
