import { countCorrect } from "../core/metrics.ts";
import type { Session } from "../core/session.ts";
import type { AugmentBatch } from "../data/augment/augment-batch.ts";
import { batchesOf, epochOrder } from "../data/batch.ts";
import { streamKey } from "../util/random.ts";
import type { Callback, EpochReport, JudgedImages, TrainingPosition } from "./callback.ts";
import { type BatchRequest, Feed } from "./feed.ts";
import {
  addBatch,
  bestEpoch,
  type EpochMetrics,
  type EpochRecord,
  meansOf,
  noSums,
  type RunningSums,
} from "./history.ts";
import type { LabelledImages } from "./labelled-images.ts";

export interface FitOptions {
  readonly train: LabelledImages;
  readonly validation: LabelledImages;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Changes each batch before it is learned from. */
  readonly augment?: AugmentBatch | undefined;
  /** Where to go on; the session must hold the weights and the optimizer of that moment. */
  readonly from?: TrainingPosition;
  readonly callbacks?: readonly Callback[];
  /** When it aborts, training ends after the batch under way. */
  readonly signal?: AbortSignal;
  /** Milliseconds from any fixed moment. */
  readonly clock: () => number;
}

export interface FitResult {
  readonly history: readonly EpochRecord[];
  /** `interrupted`: the signal aborted before the last epoch's end. */
  readonly ended: "finished" | "stopped" | "interrupted";
}

/** What all epochs share. */
interface Fit extends FitOptions {
  readonly feed: Feed;
}

const firstPosition: TrainingPosition = { epoch: 0, batch: 0, sums: noSums, history: [] };

/**
 * Trains epoch after epoch and validates after each. The order of the images and all random numbers follow from the seed and the
 * position alone.
 */
export async function fit(session: Session, given: FitOptions): Promise<FitResult> {
  const feed = new Feed(requestsOf(given), given);
  try {
    return await trainEpochs(session, { ...given, feed });
  } finally {
    await feed.close();
    await endAll(given.callbacks ?? []);
  }
}

/** Ends each callback, whatever becomes of the others. */
async function endAll(callbacks: readonly Callback[]): Promise<void> {
  const failures: unknown[] = [];
  for (const callback of callbacks) await callback.onEnd?.().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** The batches of all epochs that are left, those that validate each behind those that train. */
function* requestsOf({
  train,
  validation,
  epochs,
  batchSize,
  seed,
  from,
}: FitOptions): Generator<BatchRequest> {
  const { epoch: first, batch: done } = from ?? firstPosition;
  for (let epoch = first; epoch < epochs; epoch++) {
    let batch = 0;
    for (const indices of batchesOf(epochOrder(train.items.length, seed, epoch), batchSize)) {
      if (epoch > first || batch >= done) yield { images: train, indices, position: { epoch, batch } };
      batch++;
    }
    yield* requestsInOrder(validation, batchSize);
  }
}

function* requestsInOrder(images: LabelledImages, batchSize: number): Generator<BatchRequest> {
  for (const indices of batchesOf([...images.items.keys()], batchSize)) yield { images, indices };
}

async function trainEpochs(session: Session, options: Fit): Promise<FitResult> {
  let position = options.from ?? firstPosition;
  while (position.epoch < options.epochs) {
    const { sums, batch, seconds, trained } = await trainEpoch(session, options, position);
    const { history } = position;
    if (batch < batchesPerEpoch(options)) {
      position = { epoch: position.epoch, batch, sums, history };
      for (const callback of options.callbacks ?? []) await callback.onInterrupt?.(position, session);
      return { history, ended: "interrupted" };
    }
    const finished = await finishEpoch(session, options, position.epoch + 1, sums, seconds, trained);
    const { record } = finished;
    position = { epoch: position.epoch + 1, batch: 0, sums: noSums, history: [...history, record] };
    const answers = await announceEpoch(session, options, position, finished);
    if (answers.includes("stop")) return { history: position.history, ended: "stopped" };
    if (options.signal?.aborted && position.epoch < options.epochs) {
      return { history: position.history, ended: "interrupted" };
    }
  }
  return { history: position.history, ended: "finished" };
}

export interface EvaluateOptions {
  readonly batchSize: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface EvaluatedImages extends EpochMetrics, JudgedImages {}

/**
 * Mean loss and predictions over all images that can be had, in their order; nothing is learned.
 * @throws the signal's reason when it aborts
 */
export async function evaluateImages(
  session: Session,
  images: LabelledImages,
  options: EvaluateOptions,
): Promise<EvaluatedImages> {
  const feed = new Feed(requestsInOrder(images, options.batchSize), options);
  try {
    return await evaluateFed(session, images, feed, options);
  } finally {
    await feed.close();
  }
}

/** Takes all images from a feed that gives them next. */
async function evaluateFed(session: Session, images: LabelledImages, feed: Feed, given: EvaluateOptions) {
  const { batchSize, signal, onProgress } = given;
  const predictions = new Float32Array(images.items.length * images.outputs);
  const judged: number[] = [];
  let sums = noSums;
  for (let asked = 0; asked < images.items.length; asked += batchSize) {
    signal?.throwIfAborted();
    const batch = await feed.next();
    const step = batch.indices.length > 0 && session.evaluate(batch.images, batch.labels);
    feed.gatherNext();
    const result = await step;
    if (result) {
      predictions.set(result.predictions, sums.images * images.outputs);
      sums = addCorrect(sums, result, batch.classes, images.outputs);
    }
    for (const index of batch.indices) judged.push(index);
    onProgress?.(Math.min(asked + batchSize, images.items.length), images.items.length);
  }
  return {
    ...meansOf(sums),
    predictions: predictions.subarray(0, judged.length * images.outputs),
    judged,
  };
}

function batchesPerEpoch({ train, batchSize }: FitOptions): number {
  return Math.ceil(train.items.length / batchSize);
}

/** Trains what is left of the epoch, until it ends or the signal aborts. */
async function trainEpoch(session: Session, options: Fit, from: TrainingPosition) {
  const { train, seed, learningRate, epochs, signal, feed } = options;
  const batches = batchesPerEpoch(options);
  const began = options.clock();
  let sums = from.sums;
  let batch = from.batch;
  while (batch < batches && !signal?.aborted) {
    const { images, labels, classes } = await feed.next();
    const random = randomOf(seed, session.iterations);
    const training = session.train({ images, labels, learningRate, random });
    feed.gatherNext();
    const step = await training;
    sums = addCorrect(sums, step, classes, train.outputs);
    batch++;
    const seconds = (options.clock() - began) / 1000;
    const imagesPerSecond = (sums.images - from.sums.images) / seconds;
    const report = {
      epoch: from.epoch + 1,
      epochs,
      batch,
      batches,
      seconds,
      imagesPerSecond,
    };
    for (const callback of options.callbacks ?? [])
      callback.onBatchEnd?.({ ...report, metrics: meansOf(sums) });
  }
  const seconds = (options.clock() - began) / 1000;
  return { sums, batch, seconds, trained: sums.images - from.sums.images };
}

async function finishEpoch(
  session: Session,
  options: Fit,
  epoch: number,
  sums: RunningSums,
  trainSeconds: number,
  trained: number,
): Promise<Pick<EpochReport, "record" | "validation">> {
  const began = options.clock();
  const { loss, accuracy, ...validation } = await evaluateFed(session, options.validation, options.feed, {
    batchSize: options.batchSize,
  });
  const record = {
    epoch,
    train: meansOf(sums),
    validation: { loss, accuracy },
    learningRate: options.learningRate,
    seconds: trainSeconds + (options.clock() - began) / 1000,
    imagesPerSecond: trained / trainSeconds,
  };
  return { record, validation };
}

async function announceEpoch(
  session: Session,
  options: Fit,
  position: TrainingPosition,
  { record, validation }: Pick<EpochReport, "record" | "validation">,
): Promise<("stop" | undefined)[]> {
  const { epochs } = options;
  const report: EpochReport = {
    record,
    validation,
    epochs,
    waited: options.feed.takeWaited(),
    batches: batchesPerEpoch(options),
    best: bestEpoch(position.history) === record,
  };
  const answers: ("stop" | undefined)[] = [];
  for (const callback of options.callbacks ?? []) {
    answers.push(await callback.onEpochEnd?.(report, position, session));
  }
  return answers;
}

function addCorrect(
  sums: RunningSums,
  { loss, predictions }: { readonly loss: number; readonly predictions: Float32Array },
  classes: readonly number[],
  outputs: number,
): RunningSums {
  return addBatch(sums, classes.length, loss, countCorrect(predictions, classes, outputs));
}

/** Key and counter of a step's random numbers; a step is named by the updates before it. */
function randomOf(seed: number, step: number): Uint32Array {
  const high = Math.floor(seed / 0x100000000) ^ streamKey("dropout");
  return Uint32Array.of(seed, high, step, 0);
}
