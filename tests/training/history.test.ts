import { describe, expect, it } from "vitest";
import { addBatch, bestEpoch, type EpochRecord, meansOf, noSums } from "../../src/training/history.ts";

const historyOf = (losses: readonly number[]) =>
  losses.map(
    (loss, index): EpochRecord => ({
      epoch: index + 1,
      train: { loss: 1, accuracy: 0.5 },
      validation: { loss, accuracy: 0.5 },
      learningRate: 0.001,
      seconds: 1,
      imagesPerSecond: 10,
    }),
  );

describe("the best epoch", () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  it.each([
    ["none of none", [], undefined],
    ["the lowest", [0.7, 0.3, 0.5], 2],
    ["the first of equals", [0.7, 0.3, 0.3], 2],
    ["not one whose loss is no number, at the start", [nan, 0.9, 0.8], 3],
    ["nor in the middle", [0.9, nan, 1.2], 1],
    ["none where no loss is a number", [nan, nan], undefined],
    ["an infinite one, before none at all", [nan, infinity], 2],
  ])("is %s", (_, losses, expected) => {
    expect(bestEpoch(historyOf(losses))?.epoch).toBe(expected);
  });
});

describe("running sums", () => {
  it("are means weighted by the size of each batch", () => {
    const sums = addBatch(addBatch(noSums, 4, 0.5, 3), 1, 3, 0);
    expect(sums).toEqual({ images: 5, loss: 5, correct: 3 });
    expect(meansOf(sums)).toEqual({ loss: 1, accuracy: 0.6 });
    expect(noSums).toEqual({ images: 0, loss: 0, correct: 0 });
  });

  it("keep a loss that is not a number", () => {
    const sums = addBatch(addBatch(noSums, 4, Number.NaN, 2), 4, 0.5, 4);
    expect(meansOf(sums)).toEqual({ loss: Number.NaN, accuracy: 0.75 });
  });

  it("have no mean of nothing", () => {
    expect(meansOf(noSums)).toEqual({ loss: Number.NaN, accuracy: Number.NaN });
  });
});
