import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/core/backend.ts";
import { lossFor } from "../../src/core/losses.ts";
import { buildModel } from "../../src/core/model.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { type FixtureArray, firstDifference, float32Of, readKerasFixture } from "../support/keras-fixture.ts";
import { goldenBatch, goldenModel, goldenWeights } from "../support/report-golden.ts";
import { trainGolden } from "../support/train-golden.ts";

interface RunCase {
  readonly classes: number;
  readonly optimizer: "SGD" | "Adam";
  readonly size: number;
  readonly batchSize: number;
  readonly losses: readonly number[];
  readonly weights?: readonly {
    readonly layer: string;
    readonly name: string;
    readonly everyRow: number;
    readonly rows: FixtureArray;
    readonly sum: number;
    readonly sumOfSquares: number;
  }[];
}

interface RunFixture {
  readonly formula: {
    readonly step: number;
    readonly lastPixels: FixtureArray;
    readonly imageSum: number;
    readonly labels: FixtureArray;
    readonly lastKernelRows: readonly FixtureArray[];
  };
  readonly cases: readonly RunCase[];
}

/** After 20 SGD steps (the promised bound). Keras's own float32 lies 6e-8 from its float64. */
const weightTolerance = { absolute: 1e-5 };
/** A sum over a whole array: the rounding of its members, most of which cancels. */
const sumTolerance = { absolute: 1e-4, relative: 1e-6 };
/** Before rounding has been amplified (the promised bound). */
const firstLosses = { count: 3, relative: 1e-5 };
/** Adam divides by gradients near zero and so amplifies their rounding (the promised bound). */
const laterLosses = { relative: 1e-3 };

const fixture = readKerasFixture<RunFixture>("golden-run.json");

describe("the golden run's formula", () => {
  const { formula, cases } = fixture;
  const { size, batchSize } = cases[0]!;

  it("draws the batches that Python drew, bit for bit", () => {
    const { images, labels } = goldenBatch(formula.step, batchSize, size, 3);
    const pixels = float32Of(formula.lastPixels);
    expect(images.slice(-pixels.length)).toEqual(pixels);
    expect(images.reduce((sum, value) => sum + value, 0)).toBeCloseTo(formula.imageSum, 6);
    expect(labels).toEqual(float32Of(formula.labels));
  });

  it("draws the weights that Python drew, bit for bit", () => {
    const kernels = goldenWeights(size, 3).filter(({ name }) => name === "kernel");
    for (const [i, { shape, values }] of kernels.entries()) {
      const expected = float32Of(formula.lastKernelRows[i]!);
      const start = values.length - shape.at(-1)!;
      expect(values.slice(start, start + expected.length)).toEqual(expected);
    }
  });
});

describeEachBackend("the report's network trains as in Keras", (backend) => {
  describe.each([false, true])("fused: %s", (fused) => {
    it.each(casesFor(backend, fused).map((run) => [titleOf(run), run] as const))("%s", async (_, run) => {
      const { losses, weights } = await trainCase(backend, run, fused);
      const { count, relative } = firstLosses;
      expect(
        firstDifference(losses.slice(0, count), run.losses.slice(0, count), { relative }),
      ).toBeUndefined();
      expect(firstDifference(losses, run.losses, laterLosses)).toBeUndefined();
      for (const [i, expected] of (run.weights ?? []).entries()) expectWeight(weights[i]!, expected);
    });
  });
});

function titleOf({ losses, optimizer, classes }: RunCase): string {
  return `${losses.length} steps of ${optimizer}, ${classes} classes`;
}

/** The reference takes seconds a run, so of all combinations it makes two that differ in everything, one cut short. */
function casesFor(backend: Backend, fused: boolean): readonly RunCase[] {
  if (backend.name !== "reference") return fixture.cases;
  const [sgdOfTwo, , , adamOfThree] = fixture.cases;
  return fused ? [sgdOfTwo!] : [{ ...adamOfThree!, losses: adamOfThree!.losses.slice(0, 5) }];
}

function trainCase(backend: Backend, run: RunCase, fused: boolean) {
  const model = buildModel(goldenModel(run.size, run.classes));
  const loss = lossFor(model.outputShape[0]!);
  return trainGolden(backend, model, loss, { ...run, steps: run.losses.length, fused });
}

function expectWeight(found: Float32Array, expected: NonNullable<RunCase["weights"]>[number]): void {
  const label = `${expected.layer} ${expected.name}`;
  const rowLength = expected.rows.shape.slice(1).reduce((product, side) => product * side, 1);
  const kept = found.filter((_, i) => Math.floor(i / rowLength) % expected.everyRow === 0);
  expect(firstDifference(kept, float32Of(expected.rows), weightTolerance), label).toBeUndefined();
  const sums = [
    found.reduce((sum, value) => sum + value, 0),
    found.reduce((sum, value) => sum + value * value, 0),
  ];
  expect(firstDifference(sums, [expected.sum, expected.sumOfSquares], sumTolerance), label).toBeUndefined();
}
