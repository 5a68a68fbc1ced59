import { chooseBackend } from "../backends/choose.ts";
import { parseSplitManifest } from "../data/split-manifest.ts";
import { InputError } from "../util/errors.ts";
import { type Beginning, beginAgain, beginRun } from "./beginning.ts";
import { readCheckpoint } from "./checkpoint.ts";
import type { Machine } from "./machine.ts";
import { checkMemory } from "./memory.ts";
import { type CacheOptions, openPhotoCache, parseCacheOptions } from "./photo-cache.ts";
import { type RunConfig, readRunConfig, writeRunConfig } from "./run-config.ts";
import { checkIsFree, makeRunFolder, runFiles, withRun } from "./run-folder.ts";
import { TensorBoard } from "./tensorboard.ts";
import type { Observe, TrainResult } from "./train-events.ts";
import { type GivenTrainOptions, parseTrainOptions } from "./train-options.ts";
import { type TrainingData, type TrainingDataRequest, withTrainingData } from "./training-data.ts";
import { describeRun, openSession, trainRun } from "./training-run.ts";

export interface TrainRequest extends GivenTrainOptions, CacheOptions {
  /** A folder of photos with a sub-folder a class, a manifest, or an archive of either. */
  readonly data: string;
  /** A new folder for the results; by default the next free `runs/<data>-<date>-<n>`. */
  readonly out?: string | undefined;
  readonly observe?: Observe;
  /** When it aborts, training ends after the batch under way, with everything saved. */
  readonly signal?: AbortSignal;
}

export interface ResumeRequest extends CacheOptions {
  /** The run folder to go on with. */
  readonly run: string;
  /** Where the photos are now, if they have moved. */
  readonly data?: string | undefined;
  /** More epochs than the run was started with. */
  readonly epochs?: number | undefined;
  readonly backend?: string | undefined;
  readonly observe?: Observe;
  readonly signal?: AbortSignal;
}

/**
 * From a folder of photos to a run folder with a trained and judged classifier.
 * @throws InputError for what is wrong with the folder, the options or the disk
 */
export async function train(machine: Machine, request: TrainRequest): Promise<TrainResult> {
  const { data: dataFolder, out, observe = () => {}, signal, ...given } = request;
  const cache = parseCacheOptions(given);
  const beginning = await beginRun(machine, given);
  const { options, preprocessing } = beginning;
  await refuseEarly(machine, beginning, dataFolder, out);
  const { backend, notice } = await chooseBackend(options.backend);
  for (const text of [...(notice ? [notice] : []), ...beginning.notices]) observe({ type: "notice", text });
  const photos = { options, preprocessing, cache, observe, signal };
  return withPhotos(machine, dataFolder, photos, async (data) => {
    const opened = await openSession(machine, backend, beginning.begin(data.classNames), options);
    const folder = await makeRunFolder(machine, dataFolder, out);
    const run = { folder, options, data, ...opened, observe, signal };
    return withRun(machine, folder, async () => {
      const board = await describeRun(machine, run, dataFolder);
      const { parameterCount } = opened.session.model;
      const { description } = backend;
      observe({ type: "started", folder, model: options.model, parameterCount, backend: description });
      return trainRun(machine, run, board);
    });
  });
}

/** Works with photos that are split, and keeps what it decodes of them meanwhile. */
async function withPhotos<T>(
  machine: Machine,
  folder: string,
  request: Omit<TrainingDataRequest, "store"> & { readonly cache: CacheOptions },
  work: (data: TrainingData) => Promise<T>,
): Promise<T> {
  const { cache, ...rest } = request;
  const store = openPhotoCache(machine, cache, folder, (text) => request.observe({ type: "notice", text }));
  try {
    return await withTrainingData(machine, folder, { ...rest, store }, async (data) => {
      await machine.freeMemory(); // of decoding
      return work(data);
    });
  } finally {
    await store.close();
  }
}

/** Refuses what can be refused before any photo is read. */
async function refuseEarly(
  machine: Machine,
  { options, begin }: Beginning,
  data: string,
  out: string | undefined,
): Promise<void> {
  const { model, compilation } = begin();
  checkMemory(machine, model, compilation, options.batchSize);
  if (out !== undefined) await checkIsFree(machine, out, data);
}

/**
 * Goes on with a run that was interrupted, or adds epochs to one that was finished; to the same bits as if it had never
 * stopped.
 * @throws InputError `run.…`, `split.data-changed` and those of `train`
 */
export async function resume(machine: Machine, request: ResumeRequest): Promise<TrainResult> {
  const config = await readRunConfig(machine, request.run);
  return withRun(machine, request.run, () => goOn(machine, request, config));
}

async function goOn(machine: Machine, request: ResumeRequest, config: RunConfig): Promise<TrainResult> {
  const { run: folder, observe = () => {}, signal } = request;
  const { epochs = config.options.epochs, backend: backendName = config.options.backend } = request;
  const options = parseTrainOptions({ ...config.options, epochs, backend: backendName });
  const cache = parseCacheOptions(request);
  const checkpoint = await readCheckpoint(machine, folder);
  const { position } = checkpoint;
  const judged = config.finished !== undefined; // a crash may have come between the last epoch and the judgement
  if (position.epoch > epochs || (position.epoch === epochs && judged)) {
    throw new InputError(
      "run.finished",
      `The run "${folder}" has finished its ${position.epoch} epochs. Give more --epochs than that to go on`,
    );
  }
  const { backend, notice } = await chooseBackend(options.backend);
  if (notice) observe({ type: "notice", text: notice });
  const manifestBytes = await machine.readFile(machine.join(folder, runFiles.split));
  const manifest = parseSplitManifest(new TextDecoder().decode(manifestBytes));
  const dataFolder = request.data ?? config.data;
  const beginning = await beginAgain(checkpoint, options);
  const { preprocessing } = beginning;
  const photos = { options, preprocessing, cache, manifest, observe, signal };
  return withPhotos(machine, dataFolder, photos, async (data) => {
    const opened = await openSession(machine, backend, beginning.begin(), options);
    const { finished, ...begun } = config;
    await writeRunConfig(machine, folder, { ...begun, data: machine.absolute(dataFolder), options });
    observe({ type: "resumed", folder, epoch: position.epoch, batch: position.batch });
    const run = { folder, options, data, ...opened, observe, signal };
    return trainRun(machine, run, new TensorBoard(machine, run), position);
  });
}
