import type { Session } from "../../core/session.ts";
import { histogramBuckets } from "../../formats/tensorboard/histogram.ts";
import { histogramSummary, scalarSummary } from "../../formats/tensorboard/summaries.ts";
import {
  batchScalars,
  epochScalars,
  evaluationScalars,
  type TaggedValue,
  weightTags,
} from "../../formats/tensorboard/tags.ts";
import { withPauses } from "../../util/pauses.ts";
import type { Callback } from "../callback.ts";
import type { EventFile, EventFiles } from "./event-files.ts";

/** As Keras's callback calls them. */
export interface TensorBoardOptions {
  /** Updates between two points of the curves over batches; none are written where this is left out. */
  readonly updateFreq?: number | undefined;
  /** Epochs between two histograms of all weights; none are written where it is 0. */
  readonly histogramFreq?: number | undefined;
}

/**
 * Writes TensorBoard events as Keras's callback lays them out: `train/` and `validation/` with a scalar for each metric, the
 * step being the epoch from 0, or for a batch the number of updates.
 */
export function tensorBoardCallback(files: EventFiles, options: TensorBoardOptions = {}): Callback {
  const { updateFreq = Number.POSITIVE_INFINITY, histogramFreq = 0 } = options;
  return {
    onBatchEnd: ({ epoch, batch, batches, metrics: { loss, accuracy } }) => {
      const updates = (epoch - 1) * batches + batch;
      if (updates % updateFreq === 0) files.train.add(inSummaries(batchScalars({ loss, accuracy })), updates);
    },
    onEpochEnd: async ({ record }, _position, session) => {
      const { loss, accuracy } = record.validation;
      const scalars = epochScalars({
        ...record.train,
        val_loss: loss,
        val_accuracy: accuracy,
        learning_rate: record.learningRate,
      });
      const step = record.epoch - 1;
      files.train.add(inSummaries(scalars.train), step);
      if (isDue(step, histogramFreq)) await addHistograms(files.train, session, step);
      await files.train.write();
      files.validation.add(inSummaries(evaluationScalars({ loss, accuracy })), session.iterations);
      await files.validation.write(inSummaries(scalars.validation), step);
      return undefined;
    },
    onInterrupt: () => files.train.write(),
    onEnd: () => files.train.write(),
  };
}

/** Whether something that is done every `frequency` epochs is done in this one, counted from 0; never where that is 0. */
export function isDue(epoch: number, frequency: number): boolean {
  return frequency > 0 && epoch % frequency === 0;
}

export function inSummaries(values: readonly TaggedValue[]) {
  return values.map(({ tag, value }) => scalarSummary(tag, value));
}

async function addHistograms(file: EventFile, { model, weights }: Session, step: number): Promise<void> {
  for (const [index, tag] of weightTags(model).entries()) {
    const buckets = await withPauses(histogramBuckets(weights[index].values));
    file.add([histogramSummary(tag, buckets)], step);
  }
}
