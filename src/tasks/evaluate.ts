import { chooseBackend } from "../backends/choose.ts";
import type { Backend } from "../core/backend.ts";
import { lossFor } from "../core/losses.ts";
import { createOptimizer } from "../core/optimizers/table.ts";
import { Session } from "../core/session.ts";
import { createPhotoStore } from "../data/cache/photo-store.ts";
import { type DataProblem, type LoadedSample, loadSamples, problemOf } from "../data/load.ts";
import type { Sample } from "../data/scan.ts";
import { openSource, type Source } from "../data/source.ts";
import { matchSplit } from "../data/split-manifest.ts";
import type { Evaluation } from "../evaluation/evaluation.ts";
import { InputError } from "../util/errors.ts";
import { type Classifier, loadClassifier } from "./classifier.ts";
import { type Judgement, judge, writeJudgement } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { readRunConfig } from "./run-config.ts";
import { checkIsFree, makeRunFolder } from "./run-folder.ts";
import { countSeen, noticesOfSeen, readSplit, recordTestUse, runOf, type SeenPhotos } from "./test-use.ts";

const BATCH_SIZE = 32;

/** Photos, and their bytes, that are held at once where there are no more. */
const DECODED_FIRST = 1000;
const DECODED_BYTES = 1e9;

export interface EvaluateRequest {
  /** A run folder or a model file. */
  readonly model: string;
  /** Photos with their classes (a folder, a manifest or an archive), all of which are judged. By default the test part of the run. */
  readonly data?: string | undefined;
  /** A new folder for `metrics.json`, `predictions.csv` and the confusion matrix. By default nothing is written. */
  readonly out?: string | undefined;
  readonly backend?: string | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface EvaluateResult {
  readonly model: string;
  readonly data: string;
  readonly part: "test" | "all";
  readonly evaluation: Evaluation;
  /** How many of the photos lie in each part of the run's split; without a run nobody knows. */
  readonly seen?: SeenPhotos;
  readonly problems: readonly DataProblem[];
  readonly notices: readonly string[];
}

/**
 * Judges a classifier on photos whose classes are known.
 * @throws InputError `evaluate.…`, `model.…`, `data.…`, `split.data-changed`
 */
export async function evaluate(machine: Machine, request: EvaluateRequest): Promise<EvaluateResult> {
  if (request.out !== undefined) await checkIsFree(machine, request.out, request.data);
  const classifier = await loadClassifier(machine, request.model);
  const { backend, notice } = await chooseBackend(request.backend ?? "auto");
  const photos = await photosToJudge(machine, classifier, request);
  const { data, part } = photos;
  const { judgement, problems } = await judgePhotos(backend, classifier, photos, request).finally(
    photos.close,
  );
  if (request.out !== undefined) {
    const folder = await makeRunFolder(machine, data, request.out);
    await writeJudgement(machine, folder, judgement);
  }
  const { evaluation, samples } = judgement;
  const { seen, warnings } = await compareWithRun(machine, classifier, samples, evaluation);
  const notices = [...classifier.notices, ...(notice ? [notice] : []), ...warnings];
  return { model: classifier.path, data, part, evaluation, ...(seen && { seen }), problems, notices };
}

/** Judges photos, of which many are decoded only when their turn comes. */
async function judgePhotos(
  backend: Backend,
  { model, weights, classNames }: Classifier,
  { data, samples, problems: known }: JudgedPhotos,
  { onProgress, signal }: EvaluateRequest,
): Promise<{ judgement: Judgement; problems: readonly DataProblem[] }> {
  const session = new Session(backend, model, {
    loss: lossFor(model.outputShape[0]),
    optimizer: createOptimizer("SGD"),
  });
  session.weights = weights;
  const problems = [...known];
  const judgement = await judge(session, samples, classNames, {
    batchSize: BATCH_SIZE,
    onMissing: (sample, reason) => problems.push(problemOf(sample, reason)),
    onProgress: areDecodedFirst(samples) ? undefined : onProgress,
    signal,
  });
  if (judgement !== undefined) return { judgement, problems };
  throw new InputError("data.no-images", `Expected images that can be read in "${data}", found none`);
}

/** Looks for the photos in the split that the model was made with. */
async function compareWithRun(
  machine: Machine,
  classifier: Classifier,
  samples: readonly LoadedSample[],
  { accuracy }: Evaluation,
): Promise<{ seen?: SeenPhotos; warnings: readonly string[] }> {
  const run = await runOf(machine, classifier);
  if (run === undefined) return { warnings: [] };
  const seen = countSeen(await readSplit(machine, run), samples);
  const uses = seen.test > 0 ? await recordTestUse(machine, run, seen.test, accuracy.value) : [];
  return { seen, warnings: [...noticesOfSeen(seen, samples.length), ...uses] };
}

interface JudgedPhotos {
  readonly data: string;
  readonly part: "test" | "all";
  readonly samples: readonly LoadedSample[];
  readonly problems: readonly DataProblem[];
  /** When no more of them is read. */
  close(): Promise<void>;
}

async function photosToJudge(
  machine: Machine,
  classifier: Classifier,
  request: EvaluateRequest,
): Promise<JudgedPhotos> {
  const { run } = classifier;
  if (request.data !== undefined) {
    const { loaded, ...rest } = await loadFolder(machine, classifier, request.data, request);
    return { data: request.data, part: "all", samples: loaded, ...rest };
  }
  if (run === undefined) {
    throw new InputError(
      "evaluate.no-data",
      "Expected --data <folder> with photos to judge: a model file has no test part, only a run folder has",
    );
  }
  return { part: "test", ...(await loadTestPart(machine, classifier, run, request)) };
}

async function loadTestPart(machine: Machine, classifier: Classifier, run: string, request: EvaluateRequest) {
  const { data } = await readRunConfig(machine, run);
  const manifest = await readSplit(machine, run);
  const files = [...manifest.files].filter(({ part }) => part === "test");
  if (files.length === 0) {
    throw new InputError(
      "evaluate.no-data",
      "Expected a test part, found none in this run; name photos with --data",
    );
  }
  const { loaded, close } = await loadFolder(machine, classifier, data, request, files);
  try {
    const { test } = matchSplit({ ...manifest, files }, loaded);
    return { data, samples: test.map((index) => loaded[index]), problems: [], close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Few photos are decoded before the first is judged, large ones beside small ones: that takes a fifth less time than batch by batch. */
const areDecodedFirst = (samples: readonly unknown[]) => samples.length <= DECODED_FIRST;

/**
 * Reads a folder whose sub-folders are classes of the model; a class that is missing there is no mistake. Of `wanted`
 * files only these are read, unless one has another name now: then it must be looked for by its content.
 */
async function loadFolder(
  machine: Machine,
  { classNames, preprocessing }: Classifier,
  folder: string,
  { onProgress, signal }: EvaluateRequest,
  wanted: readonly { readonly path: string }[] = [],
) {
  const source = await openSource(machine, folder, { signal });
  const { platform, close } = source;
  try {
    const all = inModelsOrder(source, classNames, folder);
    const paths = new Set(wanted.map(({ path }) => path));
    const named = all.filter(({ relativePath }) => paths.has(relativePath));
    const samples = wanted.length > 0 && named.length === paths.size ? named : all;
    const first = areDecodedFirst(samples);
    const { loaded, problems } = await loadSamples(platform, samples, preprocessing, {
      depth: first ? "decode" : "identify",
      store: createPhotoStore({ memoryBytes: first ? DECODED_BYTES : 0 }), // each is wanted once
      ...(first && onProgress && { onProgress }),
      ...(signal && { signal }),
    });
    return { loaded, problems, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The samples with the model's class indices. */
function inModelsOrder(source: Source, classNames: readonly string[], folder: string): Sample[] {
  const indices = source.classNames.map((name) => classNames.indexOf(name));
  const unknown = source.classNames.filter((_, index) => indices[index] < 0);
  if (unknown.length > 0) {
    throw new InputError(
      "evaluate.unknown-class",
      `Expected sub-folders named as the model's classes (${classNames.join(", ")}), found "${unknown.join('", "')}" in "${folder}"`,
    );
  }
  return source.samples.map((sample) => ({ ...sample, classIndex: indices[sample.classIndex] }));
}
