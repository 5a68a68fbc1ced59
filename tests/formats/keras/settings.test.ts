import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import { buildModel } from "../../../src/core/model.ts";
import { Session } from "../../../src/core/session.ts";
import { alone, sourceOf } from "../../../src/formats/model-files.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { modelFormats, readModelFile } from "../../../src/formats/table.ts";
import { readZip, writeZip } from "../../../src/formats/zip.ts";
import { goingOn } from "../../../src/tasks/going-on.ts";
import { fixtureBytes, fixtureJson } from "./fixtures.ts";

/** Models with all that Keras can say of training (tests/fixtures/formats/settings.py). */
const read = (name: string) => readModelFile(alone(fixtureBytes(`settings/${name}`)));
const { images, predictions } = fixtureJson("settings/predictions.json");

const configOf = ({ description }: SavedModel, layer: string) =>
  description.layers.find(({ name }) => name === layer)?.config;

describe.each(["keras2.keras", "keras3.keras", "keras3.h5"])("%s", (file) => {
  it("predicts what Keras does", async () => {
    const { description, weights } = await read(file);
    const session = new Session(referenceBackend, buildModel(description));
    session.weights = weights.map(({ values }) => values);
    const found = await session.predict(Float32Array.from(images));
    predictions[file].forEach((value: number, i: number) => {
      expect(found[i]).toBeCloseTo(value, 6);
    });
  });

  it("keeps regularizers, constraints and how it was compiled, and its optimizer's state", async () => {
    const saved = await read(file);
    expect(configOf(saved, "conv2d")).toMatchObject({
      kernelRegularizer: { className: "L2", config: { l2: expect.closeTo(0.01, 6) } },
      kernelConstraint: { className: "MaxNorm", config: { maxValue: 2, axis: 0 } },
    });
    expect(configOf(saved, "dense")).toMatchObject({
      biasRegularizer: {
        className: "L1L2",
        config: { l1: expect.closeTo(0.1, 6), l2: expect.closeTo(0.2, 6) },
      },
      activityRegularizer: { className: "L1", config: { l1: expect.closeTo(0.01, 6) } },
    });
    expect(configOf(saved, "dense_1")?.kernelConstraint).toBe("non_neg");
    expect(saved.compile).toMatchObject({
      loss: { className: "CategoricalCrossentropy", config: { labelSmoothing: 0.1 } },
      metrics: ["accuracy", { className: "Precision", config: { thresholds: 0.4 } }],
      optimizer: { config: { clipnorm: 1, learningRate: { className: "ExponentialDecay" } } },
    });
    expect(saved.optimizer).toMatchObject({ className: "Adam", iterations: 1 });
  });

  it.each(["keras", "h5"])("comes back whole from a .%s of ours", async (name) => {
    const saved = await read(file);
    const format = modelFormats.find((each) => each.name === name)!;
    const again = await readModelFile(await sourceOf(await format.write(saved, {})));
    expect(again).toEqual(saved);
  });

  it("goes on only with a learning rate that stays, and says without what", async () => {
    const saved = await read(file);
    const model = buildModel(saved.description);
    expect(() => goingOn(saved, model)).toThrowError(/ExponentialDecay/);
    expect(goingOn(saved, model, 0.1).notices).toEqual(
      expect.arrayContaining([
        "Training goes on without clipnorm of Adam",
        "Training goes on without kernel_regularizer of conv2d",
        "Training goes on without kernel_constraint of conv2d, dense_1",
        "Training goes on without activity_regularizer of dense",
      ]),
    );
  });
});

describe("a model in mixed precision", () => {
  it.each(["mixed2.h5", "mixed3.keras"])("%s is taken as float32, which is said", async (file) => {
    const saved = await read(file);
    expect(saved.notices).toEqual(["The model computes in mixed_float16, which is taken as float32"]);
    expect(saved.compile?.optimizer.className).toBe("Adam");
    const { state, notices } = goingOn(saved, buildModel(saved.description));
    expect(state).toBeUndefined();
    expect(notices).toContainEqual(expect.stringContaining("starts anew"));
  });

  it.each([
    ["float16", { config: { name: "float16" } }],
    ["int8", { class_name: "QuantizedDTypePolicy", config: { mode: "int8", source_name: "float32" } }],
  ])("%s, in which its weights would be, is refused with the layer", async (name, dtype) => {
    const parts = await readZip(fixtureBytes("settings/keras3.keras"), ["config.json", "model.weights.h5"]);
    const config = JSON.parse(new TextDecoder().decode(parts.get("config.json")));
    config.config.layers[2].config.dtype = dtype;
    const changed = new Map([...parts].map(([part, bytes]) => [part, [bytes as string | Uint8Array]]));
    changed.set("config.json", [JSON.stringify(config)]);
    await expect(readModelFile(alone(await writeZip(changed)))).rejects.toMatchObject({
      code: "model.unsupported",
      message: expect.stringMatching(new RegExp(`"${name}".*"conv2d"`)),
    });
  });
});

describe("hard_sigmoid, which is another function in Keras 2", () => {
  const description = {
    name: "one",
    inputShape: [1, 1, 3] as const,
    layers: [
      { className: "Flatten", name: "flatten", config: {} },
      { className: "Dense", name: "dense", config: { units: 2, activation: "hard_sigmoid" } },
    ],
  };
  const weights = buildModel(description).weights.map((weight) => ({
    ...weight,
    values: new Float32Array(weight.shape.reduce((product, side) => product * side, 1)),
  }));
  const written = async (format: string, model: SavedModel) =>
    sourceOf(await modelFormats.find(({ name }) => name === format)!.write(model, {}));
  const said = [expect.stringMatching(/^hard_sigmoid in "dense" .* Keras 2\.15\.0, .* has 0\.2x \+ 0\.5$/)];

  it.each(["h5", "keras"])("is told of in files of Keras 2 (%s), and not in ours", async (format) => {
    const ours = await written(format, { description, weights, classes: ["a", "b"] });
    expect((await readModelFile(ours)).notices).toBeUndefined();
    const plain = await written(format, { description, weights });
    if (format === "h5") return expect((await readModelFile(plain)).notices).toEqual(said);
    const parts = await readZip(plain.bytes, ["metadata.json", "config.json", "model.weights.h5"]);
    parts.set("metadata.json", new TextEncoder().encode('{"keras_version": "2.15.0"}'));
    const old = await writeZip(new Map([...parts].map(([name, bytes]) => [name, [bytes]])));
    expect((await readModelFile(alone(old))).notices).toEqual(said);
  });
});
