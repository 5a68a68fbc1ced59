import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import { buildModel } from "../../../src/core/model.ts";
import { Session } from "../../../src/core/session.ts";
import { alone } from "../../../src/formats/model-files.ts";
import { readModelFile } from "../../../src/formats/table.ts";
import { goingOn } from "../../../src/tasks/going-on.ts";
import { fixtureBytes, fixtureJson } from "./fixtures.ts";

/** Training that Keras began and saved, and the losses with which Keras itself goes on (tests/fixtures/formats/going_on.py). */
const fixtures = fixtureJson("going-on/losses.json");
const files = Object.keys(fixtures).filter((name) => !name.startsWith("batches"));
const BEFORE = 3;

/** A float32 rounding or two a step, five steps long. */
const TOLERANCE = 2e-6;

describe("training that Keras began goes on with the losses that Keras has", () => {
  it.each(files)("%s", async (file) => {
    const { outputs, losses } = fixtures[file];
    const found = await lossesOf(fixtureBytes(`going-on/${file}`), outputs, losses.length);
    for (const [step, loss] of losses.entries())
      expect(Math.abs(found[step] - loss), `step ${step}`).toBeLessThan(TOLERANCE);
  });

  it("and would not without the state of the optimizer", async () => {
    const { outputs, losses } = fixtures["keras3-adam.keras"];
    const found = await lossesOf(fixtureBytes("going-on/keras3-adam.keras"), outputs, losses.length, false);
    expect(Math.abs(found[4] - losses[4])).toBeGreaterThan(1e-3);
  });
});

async function lossesOf(bytes: Uint8Array, outputs: number, steps: number, withState = true) {
  const saved = await readModelFile(alone(bytes));
  const model = buildModel(saved.description);
  const { compilation, state } = goingOn(saved, model);
  expect(state).toBeDefined();
  const session = new Session(referenceBackend, model, compilation);
  session.weights = saved.weights.map(({ values }) => values);
  if (state && withState) session.optimizer = state;
  const losses: number[] = [];
  for (let step = BEFORE; step < BEFORE + steps; step++) {
    const { learningRate } = compilation.optimizer.config;
    const given = { ...batch(outputs, step), learningRate, random: new Uint32Array(4) };
    losses.push((await session.train(given)).loss);
  }
  return losses;
}

function batch(outputs: number, step: number) {
  const { images, labels } = fixtures[`batches-${outputs}`];
  const count = 6;
  const size = images.length / (labels.length / count);
  const classes: number[] = labels.slice(step * count, (step + 1) * count);
  const rows = classes.flatMap((truth) =>
    outputs === 1 ? [truth] : Array.from({ length: outputs }, (_, index) => (index === truth ? 1 : 0)),
  );
  return {
    images: Float32Array.from(images.slice(step * size, (step + 1) * size)),
    labels: Float32Array.from(rows),
  };
}
