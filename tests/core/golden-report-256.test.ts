import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Backend } from "../../src/core/backend.ts";
import { binaryCrossentropy } from "../../src/core/losses.ts";
import { buildModel } from "../../src/core/model.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { firstDifference } from "../support/keras-fixture.ts";
import { goldenModel } from "../support/report-golden.ts";
import { trainGolden } from "../support/train-golden.ts";

/** The folder that tests/interop/golden_report_256.py wrote: minutes of Keras, so not part of `npm test`. */
const folder = process.env.FOVEA_GOLDEN_256;

/** The same bounds as in golden-run.test.ts. */
const weightTolerance = { absolute: 1e-5 };
const firstLosses = { count: 3, relative: 1e-5 };
const laterLosses = { relative: 1e-3 };

const size = 256;
const batchSize = 32;

describeEachBackend("the report's network at 256x256 trains as in Keras", (backend) => {
  const slow = backend.name === "reference";
  const reason = slow
    ? "skipped: the reference backend would need hours"
    : "skipped: FOVEA_GOLDEN_256 names no folder written by tests/interop/golden_report_256.py";
  const ready = folder !== undefined && !slow;
  const title = (name: string) => (ready ? name : `${name} (${reason})`);

  it.skipIf(!ready)(title("20 SGD steps leave the same weights"), { timeout: 600_000 }, async () => {
    const { weights } = await train(backend, "SGD", result().learningRates.sgd);
    const bytes = readFileSync(join(folder!, "sgd-weights.f32"));
    let offset = 0;
    for (const found of weights) {
      const expected = Float32Array.from(found, (_, i) => bytes.readFloatLE(4 * (offset + i)));
      expect(firstDifference(found, expected, weightTolerance)).toBeUndefined();
      offset += found.length;
    }
    expect(4 * offset).toBe(bytes.length);
  });

  it.skipIf(!ready)(title("20 Adam steps give the same losses"), { timeout: 600_000 }, async () => {
    const { losses } = await train(backend, "Adam", result().learningRates.adam);
    const { adamLosses } = result();
    const { count, relative } = firstLosses;
    expect(firstDifference(losses.slice(0, count), adamLosses.slice(0, count), { relative })).toBeUndefined();
    expect(firstDifference(losses, adamLosses, laterLosses)).toBeUndefined();
  });
});

/** `result.json` as the Python script writes it. */
interface KerasResult {
  readonly learningRates: { readonly sgd: number; readonly adam: number };
  readonly adamLosses: readonly number[];
}

function result(): KerasResult {
  return JSON.parse(readFileSync(join(folder!, "result.json"), "utf8"));
}

function train(backend: Backend, optimizer: "SGD" | "Adam", learningRate: number) {
  const model = buildModel(goldenModel(size, 2));
  return trainGolden(backend, model, binaryCrossentropy, {
    classes: 2,
    optimizer,
    size,
    batchSize,
    steps: 20,
    fused: true,
    learningRate,
  });
}
