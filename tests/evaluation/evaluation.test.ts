import { describe, expect, it } from "vitest";
import { evaluatePredictions } from "../../src/evaluation/evaluation.ts";
import { rate } from "../../src/evaluation/wilson.ts";

/** Values against Keras's metrics are in tests/core/golden-metrics.test.ts. */

/** One row of 0.8 for the class and 0.1 for the two others. */
const sureOf = (classIndex: number) => [0, 1, 2].map((index) => (index === classIndex ? 0.8 : 0.1));

describe("two classes", () => {
  const predictions = Float32Array.of(0.9, 0.8, 0.2, 0.5, 0.6, 0.1, 0.50001);
  const classes = [1, 1, 1, 1, 0, 0, 0];
  const evaluation = evaluatePredictions({ predictions, outputs: 1, classes, loss: 0.25 }, ["happy", "sad"]);

  it("count a probability of exactly 0.5 for the first class; rows are true classes", () => {
    expect(evaluation.confusionMatrix).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it("are rated by the second class, as Keras's Precision and Recall", () => {
    expect(evaluation.positiveClass).toBe("sad");
    expect(evaluation.precision).toEqual(rate(2, 4));
    expect(evaluation.recall).toEqual(rate(2, 4));
    expect(evaluation.accuracy).toEqual(rate(3, 7));
  });

  it("have a precision and a recall each, from their own column and row", () => {
    expect(evaluation.classes).toEqual([
      { name: "happy", images: 3, precision: rate(1, 3), recall: rate(1, 3) },
      { name: "sad", images: 4, precision: rate(2, 4), recall: rate(2, 4) },
    ]);
    expect({ images: evaluation.images, loss: evaluation.loss }).toEqual({ images: 7, loss: 0.25 });
  });

  it("tell precision from recall", () => {
    const given = {
      predictions: Float32Array.of(0.9, 0.9, 0.9, 0.1),
      outputs: 1,
      classes: [1, 0, 0, 0],
      loss: 0,
    };
    const { precision, recall } = evaluatePredictions(given, ["happy", "sad"]);
    expect([precision, recall]).toEqual([rate(1, 3), rate(1, 1)]);
  });
});

describe("three classes", () => {
  // cat, cat, cat, dog, dog, fox as cat, dog, fox, dog, dog, cat
  const predictions = Float32Array.from([0, 1, 2, 1, 1, 0].flatMap(sureOf));
  const classes = [0, 0, 0, 1, 1, 2];
  const evaluation = evaluatePredictions({ predictions, outputs: 3, classes, loss: 1 }, [
    "cat",
    "dog",
    "fox",
  ]);

  it("are counted in a matrix whose rows are true classes", () => {
    expect(evaluation.confusionMatrix).toEqual([
      [1, 1, 1],
      [0, 2, 0],
      [1, 0, 0],
    ]);
    expect(evaluation.accuracy).toEqual(rate(3, 6));
  });

  it("are rated by the mean over the classes, and name no positive one", () => {
    expect(evaluation.classes.map(({ precision, recall }) => [precision, recall])).toEqual([
      [rate(1, 2), rate(1, 3)],
      [rate(2, 3), rate(2, 2)],
      [rate(0, 1), rate(0, 1)],
    ]);
    expect(evaluation.precision).toEqual({ value: expect.closeTo((1 / 2 + 2 / 3 + 0) / 3, 12) });
    expect(evaluation.recall).toEqual({ value: expect.closeTo((1 / 3 + 1 + 0) / 3, 12) });
    expect(evaluation).not.toHaveProperty("positiveClass");
  });

  it("take the first of equal probabilities", () => {
    const tied = Float32Array.of(0.2, 0.4, 0.4);
    const { confusionMatrix } = evaluatePredictions(
      { predictions: tied, outputs: 3, classes: [2], loss: 0 },
      ["cat", "dog", "fox"],
    );
    expect(confusionMatrix[2]).toEqual([0, 1, 0]);
  });
});

it("a class that no image has, and that no image is given, has rates of 0 in 0", () => {
  const given = { predictions: Float32Array.of(0.1, 0.2), outputs: 1, classes: [0, 0], loss: 0 };
  const { classes, precision, recall, accuracy } = evaluatePredictions(given, ["happy", "sad"]);
  expect(classes[1]).toEqual({ name: "sad", images: 0, precision: rate(0, 0), recall: rate(0, 0) });
  expect([precision, recall, accuracy]).toEqual([rate(0, 0), rate(0, 0), rate(2, 2)]);
});

it("a missing class counts in the means as 0", () => {
  const predictions = Float32Array.from([0, 1].flatMap(sureOf));
  const given = { predictions, outputs: 3, classes: [0, 1], loss: 0 };
  const { precision, recall } = evaluatePredictions(given, ["cat", "dog", "fox"]);
  expect([precision.value, recall.value]).toEqual([expect.closeTo(2 / 3, 12), expect.closeTo(2 / 3, 12)]);
});
