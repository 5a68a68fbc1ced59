import { type DataProblem, type LoadedSample, loadSamples } from "../data/load.ts";
import type { Platform } from "../data/platform.ts";
import { type Preprocessing, preprocessingSchema } from "../data/preprocessing.ts";
import { scanFolder } from "../data/scan.ts";
import { type PartName, parseSplit, partNames, splitSamples } from "../data/split.ts";
import { matchSplit, type SplitManifest, toSplitManifest } from "../data/split-manifest.ts";
import { InputError } from "../util/errors.ts";
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
 * Scans, loads and splits a folder of photos.
 * @throws InputError `data.…`, `split.data-changed`
 */
export async function prepareTrainingData(
  platform: Platform,
  request: TrainingDataRequest,
): Promise<TrainingData> {
  const { data, options, manifest: kept, observe, signal } = request;
  const { classNames, samples, skipped } = await scanFolder(platform, data, signal);
  if (kept) checkClasses(kept.classes, classNames, data);
  observe({ type: "scanned", data, files: samples.length, classNames });
  const preprocessing = preprocessingSchema.parse({ height: options.imageSize, width: options.imageSize });
  const { loaded, problems } = await loadSamples(platform, samples, preprocessing, {
    onProgress: (done, total) => observe({ type: "loading", done, total }),
    ...(signal && { signal }),
  });
  const items = loaded.map(({ hash, sample }) => ({ hash, ...sample }));
  const splitOptions = { ratios: parseSplit(options.split), seed: options.seed, classNames };
  const indices = explain(problems, () =>
    kept ? matchSplit(kept, items) : splitSamples(items, splitOptions),
  );
  const [train, validation, test] = partNames.map((part) => indices[part].map((index) => loaded[index]));
  const parts = { train, validation, test };
  const classes = countClasses(parts, classNames);
  observe({ type: "loaded", problems, skipped, classes });
  const manifest = kept ?? toSplitManifest(items, indices, problems, splitOptions);
  return { classNames, parts, classes, problems, manifest, preprocessing };
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
