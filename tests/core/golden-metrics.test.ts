import { expect, it } from "vitest";
import { countCorrect } from "../../src/core/metrics.ts";
import { evaluatePredictions } from "../../src/evaluation/evaluation.ts";
import { type FixtureArray, float32Of, readKerasFixture } from "../support/keras-fixture.ts";

interface MetricCase {
  readonly metric: "BinaryAccuracy" | "CategoricalAccuracy" | "Precision" | "Recall";
  readonly note: string;
  readonly yTrue: FixtureArray;
  readonly yPred: FixtureArray;
  readonly firstBatch: number;
  readonly afterFirstBatch: number;
  readonly value: number;
}

/** Keras divides in float32. */
const digits = 6;

const cases = readKerasFixture<{ cases: MetricCase[] }>("metrics.json").cases;

it.each(
  cases.map((one) => [`${one.metric}, ${one.note}`, one] as const),
)("%s, as in Keras", (_, metricCase) => {
  const { metric, yPred, firstBatch, afterFirstBatch, value } = metricCase;
  const [rows, outputs] = yPred.shape as [number, number];
  const predictions = float32Of(yPred);
  const classes = classesOf(metricCase);
  const measure = (count: number) =>
    measured(metric, predictions.subarray(0, count * outputs), classes.slice(0, count), outputs);
  expect(measure(rows)).toBeCloseTo(value, digits);
  expect(measure(firstBatch)).toBeCloseTo(afterFirstBatch, digits);
});

/** The class of each row, from labels of 0 and 1 or from one-hot rows. */
function classesOf({ yTrue }: MetricCase): number[] {
  const [rows, outputs] = yTrue.shape as [number, number];
  const labels = float32Of(yTrue);
  if (outputs === 1) return [...labels];
  return Array.from({ length: rows }, (_, row) => labels.subarray(row * outputs).indexOf(1));
}

/** Accuracy as the training loop counts it and as an evaluation does, which must agree. */
function measured(
  metric: MetricCase["metric"],
  predictions: Float32Array,
  classes: number[],
  outputs: number,
) {
  const names = Array.from({ length: Math.max(outputs, 2) }, (_, index) => `class ${index}`);
  const evaluation = evaluatePredictions({ predictions, outputs, classes, loss: 0 }, names);
  if (metric === "Precision") return evaluation.precision.value;
  if (metric === "Recall") return evaluation.recall.value;
  expect(evaluation.accuracy.value).toBe(countCorrect(predictions, classes, outputs) / classes.length);
  return evaluation.accuracy.value;
}
