import type { Session } from "../core/session.ts";
import type { EpochMetrics, EpochRecord, RunningSums } from "./history.ts";

/** Where training stands between two batches: enough, with the weights and the optimizer, to go on to the same bits. */
export interface TrainingPosition {
  /** Epochs that are finished. */
  readonly epoch: number;
  /** Batches of the epoch under way that are done. */
  readonly batch: number;
  /** Over these batches. */
  readonly sums: RunningSums;
  /** Of the finished epochs. */
  readonly history: readonly EpochRecord[];
}

export interface BatchReport {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Batches done in this epoch. */
  readonly batch: number;
  readonly batches: number;
  /** Since the epoch began, or was resumed. */
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Over the epoch so far. */
  readonly metrics: EpochMetrics;
}

/** What the model says of images, of those that could be had. */
export interface JudgedImages {
  /** Which images these are, in their order. */
  readonly judged: readonly number[];
  /** [judged, outputs] */
  readonly predictions: Float32Array;
}

export interface EpochReport {
  readonly record: EpochRecord;
  /** What `record.validation` rests on. */
  readonly validation: JudgedImages;
  readonly epochs: number;
  readonly batches: number;
  /** Seconds that training and validation stood still because a batch was not gathered yet. */
  readonly waited: number;
  /** Its validation loss is the lowest so far. */
  readonly best: boolean;
}

/** What can be done while training goes on. Callbacks are called in turn and waited for. */
export interface Callback {
  onBatchEnd?(report: BatchReport): void;
  /** @returns "stop" to end the training after this epoch */
  onEpochEnd?(report: EpochReport, position: TrainingPosition, session: Session): Promise<"stop" | undefined>;
  /** Training was interrupted in the middle of an epoch. */
  onInterrupt?(position: TrainingPosition, session: Session): Promise<void>;
  /** Training is over, also by an error: what a callback has left under way must be done when the promise is. */
  onEnd?(): Promise<void>;
}
