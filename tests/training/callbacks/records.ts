import type { TrainingPosition } from "../../../src/training/callback.ts";
import { type EpochRecord, noSums } from "../../../src/training/history.ts";

/** A record whose numbers tell the epoch and themselves apart; all are exact in float32. */
export function recordOf(epoch: number, given: Partial<EpochRecord> = {}): EpochRecord {
  return {
    epoch,
    train: { loss: 1 / 2 ** epoch, accuracy: 1 - 1 / 2 ** epoch },
    validation: { loss: 3 / 2 ** epoch, accuracy: 1 - 1 / 4 ** epoch },
    learningRate: 0.25,
    seconds: 10 * epoch,
    imagesPerSecond: 100 + epoch,
    ...given,
  };
}

/** Where training stands after these epochs. */
export function positionAfter(history: readonly EpochRecord[]): TrainingPosition {
  return { epoch: history.length, batch: 0, sums: noSums, history };
}

export function reportOf(record: EpochRecord) {
  const validation = { judged: [], predictions: new Float32Array(0) };
  return { record, validation, epochs: 5, batches: 3, waited: 0, best: true };
}
