import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { categoricalCrossentropy } from "../../src/core/losses.ts";
import { buildModel, countParameters } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { Session } from "../../src/core/session.ts";
import { readKerasH5 } from "../../src/formats/keras/h5.ts";
import type { SavedModel } from "../../src/formats/saved-model.ts";
import { matchWeights } from "../../src/tasks/classifier.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { type FixtureArray, firstDifference, float32Of, readKerasFixture } from "../support/keras-fixture.ts";

interface GraphRun {
  /** [steps, batch, height, width, channels] */
  readonly images: FixtureArray;
  readonly labels: FixtureArray;
  readonly losses: readonly number[];
  /** Predictions for the first batch, before and after training. */
  readonly before: FixtureArray;
  readonly after: FixtureArray;
  readonly weights: readonly (FixtureArray & { readonly layer: string; readonly name: string })[];
}

const golden = readKerasFixture<GraphRun>("graph-run.json");
const [steps, batch] = golden.images.shape as [number, number];

/** Five steps of a network whose normalisations see batches of 6: what rounding does in the first grows until the last. */
const tolerance = { relative: 2e-5, absolute: 2e-5 };

let saved: SavedModel;
beforeAll(async () => {
  saved = await readKerasH5(readFileSync(new URL("../fixtures/keras/graph-run.h5", import.meta.url)));
});

const partOf = (array: FixtureArray, step: number) => {
  const values = float32Of(array);
  const length = values.length / steps;
  return values.slice(step * length, (step + 1) * length);
};

describeEachBackend("a network that branches and normalises, as Keras wrote and trained it", (backend) => {
  const startSession = () => {
    const model = buildModel(saved.description);
    const optimizer = createOptimizer("SGD", { learningRate: 0.1, momentum: 0.9 });
    const session = new Session(backend, model, { loss: categoricalCrossentropy, optimizer });
    session.weights = matchWeights(model, saved.weights);
    return session;
  };

  it("predicts the same", async () => {
    const predictions = await startSession().predict(partOf(golden.images, 0));
    expect(predictions.length).toBe(3 * batch);
    expect(firstDifference(predictions, float32Of(golden.before), tolerance)).toBeUndefined();
  });

  it("comes to the same losses, weights, moving statistics and predictions", async () => {
    const session = startSession();
    await session.predict(partOf(golden.images, 0)); // what it keeps of the weights is outdated after training
    for (let step = 0; step < steps; step++) {
      const [images, labels] = [partOf(golden.images, step), partOf(golden.labels, step)];
      const { loss } = await session.train({ images, labels, learningRate: 0.1, random: new Uint32Array(4) });
      expect(firstDifference([loss], [golden.losses[step]!], tolerance)).toBeUndefined();
    }
    for (const expected of golden.weights) {
      const { layer, name } = expected;
      const found = session.weights.find((weight) => weight.layer === layer && weight.name === name);
      expect(
        firstDifference(found!.values, float32Of(expected), tolerance),
        `${layer}/${name}`,
      ).toBeUndefined();
    }
    const predictions = await session.predict(partOf(golden.images, 0));
    expect(firstDifference(predictions, float32Of(golden.after), tolerance)).toBeUndefined();
  });
});

describe("the file of that network", () => {
  it("has as many parameters as Keras's summary says, trainable and in all", () => {
    const { parameterCount, trainableWeights } = buildModel(saved.description);
    expect([parameterCount, countParameters(trainableWeights)]).toEqual([1899, 1825]);
  });

  it("says where each layer takes from, the input among them", () => {
    const { inputName, layers } = saved.description;
    expect(inputName).toBe("photo");
    const joined = layers
      .filter(({ inputs }) => inputs !== undefined)
      .map(({ name, inputs }) => [name, inputs]);
    expect(joined).toContainEqual(["add", ["batch_normalization_2", "max_pooling2d"]]);
    expect(joined).toContainEqual(["conv2d_4", ["photo"]]);
  });
});
