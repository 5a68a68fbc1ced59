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
import { ruleFor } from "./rule-for.ts";
import { type PhotoSplit, readKeptSplit, splitPhotos } from "./split-photos.ts";
import type { ClassCount, Observe } from "./train-events.ts";
import type { TrainOptions } from "./train-options.ts";

/** Photos in memory, in their parts. */
export interface TrainingData {
  readonly classNames: readonly string[];
  readonly parts: Readonly<Record<PartName, readonly LoadedSample[]>>;
  readonly classes: readonly ClassCount[];
  readonly problems: readonly DataProblem[];
  readonly manifest: SplitManifest;
  readonly preprocessing: Preprocessing;
}

export interface TrainingDataRequest {
  readonly data: string;
  readonly options: TrainOptions;
  /** The split to keep to, in a run that goes on. */
  readonly manifest?: SplitManifest;
  readonly observe: Observe;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds, loads and splits photos.
 * @throws InputError `data.…`, `manifest.…`, `group.…`, `split.…`
 */
export async function prepareTrainingData(
  platform: Platform,
  request: TrainingDataRequest,
): Promise<TrainingData> {
  const { data, options, manifest: kept, observe, signal } = request;
  const choice = parseSplitChoice(options.split);
  const earlier = choice.by === "kept" && !kept ? await readKeptSplit(platform, choice.path) : undefined;
  const rule = choice.by === "keras" ? kerasFiles : undefined;
  const source = await openSource(platform, data, { signal, groupBy: options.groupBy, rule });
  const { classNames, skipped } = source;
  const preprocessing = ruleFor(options);
  const found = await loadAll(source, request, preprocessing).finally(source.close);
  const { problems } = found;
  const together = await findTogether(found.loaded, signal);
  const loaded = found.loaded.map(({ fingerprint: _, ...rest }): LoadedSample => rest); // a kilobyte each that has served
  const items = loaded.map(({ hash, sample }) => ({ hash, sample, ...sample }));
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
  const [train, validation, test] = partNames.map((part) => indices[part].map((index) => loaded[index]));
  const parts = { train, validation, test };
  const classes = countClasses(parts, classNames);
  observe({ type: "loaded", problems, skipped, classes });
  for (const text of notices) observe({ type: "notice", text });
  return { classNames, parts, classes, problems, manifest, preprocessing };
}

async function loadAll(
  { platform, classNames, samples }: Source,
  { data, options, manifest, observe, signal }: TrainingDataRequest,
  preprocessing: Preprocessing,
): Promise<LoadedData> {
  if (manifest) checkClasses(manifest.classes, classNames, data);
  observe({ type: "scanned", data, files: samples.length, classNames });
  return loadSamples(platform, samples, preprocessing, {
    onProgress: (done, total) => observe({ type: "loading", done, total }),
    fingerprints: options.duplicates === "group" && manifest === undefined, // a split that is kept stays as it is
    ...(signal && { signal }),
  });
}

/** Sets of photos that show the same, where fingerprints were taken. */
async function findTogether(
  loaded: readonly LoadedSample[],
  signal: AbortSignal | undefined,
): Promise<(readonly number[])[]> {
  const fingerprints = loaded.flatMap(({ fingerprint }) => fingerprint ?? []);
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
  const classes = new Map(
    samples.map(({ relativePath, classIndex }) => [relativePath, classNames[classIndex]]),
  );
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
  return classNames.map((name, classIndex) => {
    const count = (part: PartName) =>
      parts[part].filter(({ sample }) => sample.classIndex === classIndex).length;
    return { name, train: count("train"), validation: count("validation"), test: count("test") };
  });
}
