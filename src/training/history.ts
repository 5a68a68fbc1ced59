/** Means over one part of the data in one epoch. */
export interface EpochMetrics {
  readonly loss: number;
  readonly accuracy: number;
}

/** A row of the history: what one epoch gave. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** While it trained, batch by batch, as Keras has it. */
  readonly train: EpochMetrics;
  /** After the epoch. */
  readonly validation: EpochMetrics;
  readonly learningRate: number;
  /** Training and validation. */
  readonly seconds: number;
  /** Of training. */
  readonly imagesPerSecond: number;
}

/** Sums behind the means of an epoch that is under way. */
export interface RunningSums {
  readonly images: number;
  readonly loss: number;
  readonly correct: number;
}

export const noSums: RunningSums = { images: 0, loss: 0, correct: 0 };

/** Adds a batch: its mean loss, its number of right answers and its size. */
export function addBatch(sums: RunningSums, images: number, loss: number, correct: number): RunningSums {
  return { images: sums.images + images, loss: sums.loss + loss * images, correct: sums.correct + correct };
}

export function meansOf({ images, loss, correct }: RunningSums): EpochMetrics {
  return { loss: loss / images, accuracy: correct / images };
}

/** The epoch with the lowest validation loss, the first of equals; none where every loss is not a number. */
export function bestEpoch(history: readonly EpochRecord[]): EpochRecord | undefined {
  return history.reduce<EpochRecord | undefined>((best, record) => {
    if (Number.isNaN(record.validation.loss)) return best;
    return best === undefined || record.validation.loss < best.validation.loss ? record : best;
  }, undefined);
}
