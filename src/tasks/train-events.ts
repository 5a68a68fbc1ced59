import type { DataProblem } from "../data/load.ts";
import type { Evaluation } from "../evaluation/evaluation.ts";
import type { BatchReport, EpochReport } from "../training/callback.ts";
import type { EpochRecord } from "../training/history.ts";

/** Photos of a class in each part. */
export interface ClassCount {
  readonly name: string;
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** What a training run tells while it goes on, in this order. */
export type TrainEvent =
  | { readonly type: "notice"; readonly text: string }
  | {
      readonly type: "scanned";
      readonly data: string;
      readonly files: number;
      readonly classNames: readonly string[];
    }
  | { readonly type: "loading"; readonly done: number; readonly total: number }
  | {
      readonly type: "loaded";
      readonly problems: readonly DataProblem[];
      /** What was passed over when the folder was scanned. */
      readonly skipped: readonly { readonly relativePath: string; readonly reason: string }[];
      readonly classes: readonly ClassCount[];
    }
  | {
      readonly type: "started";
      readonly folder: string;
      readonly model: string;
      readonly parameterCount: number;
      readonly backend: string;
    }
  | { readonly type: "resumed"; readonly folder: string; readonly epoch: number; readonly batch: number }
  | { readonly type: "batch"; readonly report: BatchReport }
  | { readonly type: "epoch"; readonly report: EpochReport };

export type Observe = (event: TrainEvent) => void;

export interface TrainResult {
  /** The run folder. */
  readonly folder: string;
  readonly ended: "finished" | "interrupted";
  readonly history: readonly EpochRecord[];
  /** The epoch in `model.h5`; none before the first epoch's end or when every validation loss is not a number. */
  readonly bestEpoch?: number;
  /** The best epoch on the test part; none when interrupted or without a test part. */
  readonly evaluation?: Evaluation;
  readonly classes: readonly ClassCount[];
  readonly problems: readonly DataProblem[];
  /** Plots and other pictures. */
  readonly pictures: readonly string[];
}
