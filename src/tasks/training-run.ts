import type { Backend } from "../core/backend.ts";
import { type Compilation, Session } from "../core/session.ts";
import type { LoadedSample } from "../data/load.ts";
import { splitManifestText } from "../data/split-manifest.ts";
import type { PngImage } from "../formats/tensorboard/summaries.ts";
import type { Callback, TrainingPosition } from "../training/callback.ts";
import { historyCsvCallback } from "../training/callbacks/history-csv.ts";
import { type FitResult, fit } from "../training/fit.ts";
import { bestEpoch } from "../training/history.ts";
import type { LabelledImages } from "../training/labelled-images.ts";
import { InputError } from "../util/errors.ts";
import { augmentFor } from "./augment-for.ts";
import type { Begun } from "./beginning.ts";
import { checkpointCallback } from "./checkpoint.ts";
import { loadFromFile } from "./classifier.ts";
import { firstBatch } from "./first-batch.ts";
import { judge, writeJudgement } from "./judge.ts";
import type { Machine } from "./machine.ts";
import { checkMemory } from "./memory.ts";
import { collectMissing, type MissingPhotos } from "./missing-photos.ts";
import { confusionPlot, writeContactSheet, writeHistoryPlots } from "./pictures.ts";
import { readRunConfig, writeRunConfig } from "./run-config.ts";
import { runFiles } from "./run-folder.ts";
import { TensorBoard } from "./tensorboard.ts";
import type { Observe, TrainResult } from "./train-events.ts";
import type { TrainOptions } from "./train-options.ts";
import type { TrainingData } from "./training-data.ts";

/** Photos on the contact sheet at most. */
const SHEET_PHOTOS = 32;

/** A run that is about to train. */
export interface TrainingRun {
  readonly folder: string;
  readonly options: TrainOptions;
  readonly data: TrainingData;
  readonly session: Session;
  readonly compilation: Compilation;
  readonly observe: Observe;
  readonly signal?: AbortSignal | undefined;
}

/** @throws InputError `memory.too-small` */
export async function openSession(
  machine: Machine,
  backend: Backend,
  { model, compilation, fill }: Begun,
  { batchSize }: TrainOptions,
) {
  checkMemory(machine, model, compilation, batchSize);
  const session = new Session(backend, model, compilation);
  await fill(session);
  return { session, compilation };
}

/** Writes what is known before training: options, split, classes, and a look at the first batch, also for TensorBoard. */
export async function describeRun(
  machine: Machine,
  run: TrainingRun,
  dataFolder: string,
): Promise<TensorBoard> {
  const { folder, options, data, session } = run;
  const { classNames, manifest } = data;
  await writeRunConfig(machine, folder, {
    data: machine.absolute(dataFolder),
    options,
    backend: session.backend.description,
    classes: [...classNames],
    started: machine.now().toISOString(),
    machine: machine.describe(),
  });
  await machine.writeFile(machine.join(folder, runFiles.split), splitManifestText(manifest));
  const classes = `${JSON.stringify(classNames, undefined, 2)}\n`;
  await machine.writeFile(machine.join(folder, runFiles.classes), classes);
  const board = new TensorBoard(machine, run);
  await board.begin(await drawFirstBatch(machine, run));
  await machine.freeMemory(); // of drawing
  return board;
}

async function drawFirstBatch(machine: Machine, { folder, options, data }: TrainingRun): Promise<PngImage> {
  const photos = await firstBatch(machine, { options, data }, SHEET_PHOTOS);
  const path = machine.join(folder, runFiles.contactSheet);
  return writeContactSheet(machine, path, photos, data.preprocessing);
}

/** Trains, draws and judges; `from` is where a run goes on. What has been done is in the folder at any moment. */
export async function trainRun(
  machine: Machine,
  run: TrainingRun,
  board: TensorBoard,
  from?: TrainingPosition,
): Promise<TrainResult> {
  const { options, data, session, signal } = run;
  const missing = collectMissing(run.observe);
  const labelled = (samples: readonly LoadedSample[]): LabelledImages => ({
    items: samples,
    outputs: session.model.outputShape[0],
    onMissing: (index, reason) => missing.add(samples[index].sample, reason),
  });
  const result = await keepingWhatIsDone(machine, run, () =>
    fit(session, {
      train: labelled(data.parts.train),
      validation: labelled(data.parts.validation),
      epochs: options.epochs,
      batchSize: options.batchSize,
      learningRate: options.learningRate,
      seed: options.seed,
      augment: augmentFor(options, data.preprocessing, machine),
      callbacks: callbacksFor(machine, run, board),
      clock: () => machine.clock(),
      ...(from && { from }),
      ...(signal && { signal }),
    }),
  );
  return finishRun(machine, run, result, missing, board);
}

/** A disk that fills up while training goes on costs what is under way, and nothing else. */
async function keepingWhatIsDone<T>(
  machine: Machine,
  { folder }: TrainingRun,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const saved = (await machine.kindOf(machine.join(folder, runFiles.last))) === "file";
    if (!(error instanceof InputError) || error.code !== "file.no-space" || !saved) throw error;
    throw new InputError(
      error.code,
      `${error.message}. The epochs before are saved: make room, then go on with --resume "${folder}"`,
      { cause: error },
    );
  }
}

/** Progress comes last: an epoch is announced when the system has all that it leaves. */
function callbacksFor(
  machine: Machine,
  { folder, data, compilation, observe }: TrainingRun,
  board: TensorBoard,
): Callback[] {
  const { preprocessing, classNames } = data;
  return [
    historyCsvCallback(machine, machine.join(folder, runFiles.history)),
    ...board.callbacks,
    checkpointCallback(machine, folder, { preprocessing, classNames, compilation }),
    {
      onBatchEnd: (report) => observe({ type: "batch", report }),
      onEpochEnd: async (report) => {
        machine.returnFreed();
        observe({ type: "epoch", report });
        return undefined;
      },
    },
  ];
}

async function finishRun(
  machine: Machine,
  run: TrainingRun,
  { history, ended }: FitResult,
  missing: MissingPhotos,
  board: TensorBoard,
): Promise<TrainResult> {
  const { folder, data, session } = run;
  const best = bestEpoch(history)?.epoch;
  const interrupted = ended === "interrupted";
  session.rest();
  await machine.freeMemory(); // judging and drawing take memory of their own
  const judged =
    interrupted || best === undefined ? undefined : await judgeBest(machine, run, missing, { board, best });
  const plots = machine.join(folder, runFiles.plots);
  await machine.makeFolder(plots);
  const pictures = history.length > 0 ? await writeHistoryPlots(machine, plots, history) : [];
  await noteMissing(machine, run, missing);
  if (!interrupted) {
    await board.end();
    await markFinished(machine, folder);
  }
  return {
    folder,
    ended: interrupted ? "interrupted" : "finished",
    history,
    ...(best !== undefined && { bestEpoch: best }),
    ...(judged && { evaluation: judged.evaluation }),
    classes: data.classes,
    problems: [...data.problems, ...missing.problems],
    pictures: [machine.join(folder, runFiles.contactSheet), ...pictures, ...(judged?.pictures ?? [])],
  };
}

/** Says in the split what had to be passed over; its part it keeps, so that a run that goes on has the same batches. */
async function noteMissing(machine: Machine, { folder, data }: TrainingRun, { problems }: MissingPhotos) {
  if (problems.length === 0) return;
  const reasons = new Map(problems.map(({ relativePath, reason }) => [relativePath, reason]));
  await machine.writeFile(machine.join(folder, runFiles.split), splitManifestText(data.manifest, reasons));
}

/** The last that is written: without it a run can be resumed, if only to draw and judge. */
async function markFinished(machine: Machine, folder: string): Promise<void> {
  const config = await readRunConfig(machine, folder);
  await writeRunConfig(machine, folder, { ...config, finished: machine.now().toISOString() });
}

/** Judges the best epoch on the test part, from the file that the user gets. */
async function judgeBest(
  machine: Machine,
  { folder, data, session, options }: TrainingRun,
  missing: MissingPhotos,
  { board, best }: { readonly board: TensorBoard; readonly best: number },
) {
  const { classNames, parts } = data;
  if (parts.test.length === 0) return undefined;
  const { weights } = await loadFromFile(machine, machine.join(folder, runFiles.best));
  session.weights = weights;
  const judgement = await judge(session, parts.test, classNames, {
    batchSize: options.batchSize,
    onMissing: missing.add,
  });
  if (judgement === undefined) return undefined;
  session.rest();
  await machine.freeMemory();
  const pictures = await writeJudgement(machine, folder, judgement);
  await board.judge(judgement, best, machine.join(folder, runFiles.plots, confusionPlot));
  return { evaluation: judgement.evaluation, pictures };
}
