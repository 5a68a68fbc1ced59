import { describe, expect, it } from "vitest";
import { readKerasH5, writeKerasH5 } from "../../../src/formats/keras/h5.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { joined } from "../hdf5/written.ts";
import { expectSameBits, fixtureBytes, kerasModel, smallModel } from "./fixtures.ts";

const writtenAndRead = (model: SavedModel) => readKerasH5(joined(writeKerasH5(model)));

describe("a model that is written and read", () => {
  it("comes back whole and to the same bits", async () => {
    const model = smallModel();
    const read = await writtenAndRead(model);
    expect(read).toEqual(model);
    expectSameBits(read, model);
  });

  it("does without all that is optional", async () => {
    const { description, weights } = smallModel();
    expect(await writtenAndRead({ description, weights })).toEqual({ description, weights });
  });

  it("keeps the state of SGD, with momentum and without", async () => {
    const { optimizer: adam, ...model } = smallModel();
    const slots = adam?.slots.filter(({ slot }) => slot === "momentum") ?? [];
    for (const [momentum, kept] of [
      [0.9, slots],
      [0, []],
    ] as const) {
      const optimizer = {
        className: "SGD",
        config: { learningRate: 0.01, ...(momentum > 0 && { momentum }) }, // Keras 3 refuses JSON's 0
        iterations: 3,
        slots: kept,
      };
      expect((await writtenAndRead({ ...model, optimizer })).optimizer).toEqual(optimizer);
    }
  });

  it("keeps where layers branch and join", async () => {
    const { description, weights } = smallModel();
    const [first, second, ...rest] = description.layers;
    const add = { className: "Add", name: "add", config: {}, inputs: ["conv2d", "leaky_re_lu", "photo"] };
    const layers = [first, second, { ...rest[0], inputs: ["rescaling"] }, add, ...rest.slice(1)];
    const graph = { description: { ...description, inputName: "photo", layers }, weights };
    expect(await readKerasH5(joined(writeKerasH5(graph)))).toEqual(graph);
  });
});

describe.each([
  "keras2-adam",
  "keras2-sgd",
  "keras3-adam",
  "keras3-sgd",
])("%s.h5, which Keras wrote", (name) => {
  const expected = kerasModel(name);
  const kind = name.endsWith("adam") ? "Adam" : "SGD";

  it("gives the layers", async () => {
    const { description, compile } = await readKerasH5(fixtureBytes(`${name}.h5`));
    expect(description.inputShape).toEqual([8, 8, 3]);
    expect(description.layers.map(({ className, config }) => [className, config])).toEqual([
      ["Rescaling", { scale: 1 / 255, offset: 0 }],
      ["Conv2D", { ...convolution, filters: 2, kernelSize: [3, 3], padding: "same", activation: "relu" }],
      ["LeakyReLU", { negativeSlope: expect.closeTo(0.3, 6) }],
      ["MaxPooling2D", { poolSize: [2, 2], strides: [2, 2], padding: "valid" }],
      ["Conv2D", { ...convolution, filters: 3, kernelSize: [3, 2], strides: [2, 1] }],
      ["Flatten", {}],
      ["Dropout", { rate: 0.25 }],
      ["Dense", { units: 1, activation: "sigmoid", useBias: true, ...normalInitializer }],
    ]);
    expect(compile).toMatchObject({
      loss: "binary_crossentropy",
      metrics: ["accuracy"],
      optimizer: { className: kind },
    });
  });

  it("gives the weights", async () => {
    const { weights } = await readKerasH5(fixtureBytes(`${name}.h5`));
    const read = weights.map(({ name: weightName, values }) => [weightName, values]);
    expect(read).toEqual(
      expected.weights.map(([weightName, values]) => [weightName, Float32Array.from(values)]),
    );
  });

  it("gives the optimizer's state", async () => {
    const { optimizer, weights } = await readKerasH5(fixtureBytes(`${name}.h5`));
    const slotNames = kind === "Adam" ? ["momentum", "velocity"] : ["momentum"];
    expect(optimizer).toMatchObject({ className: kind, iterations: 6 });
    expect(optimizer?.config.learningRate).toBeCloseTo(kind === "Adam" ? 0.01 : 0.05, 7);
    const wanted = expected.optimizer.filter(([path]) => !/iteration|learning_rate/.test(path));
    expect(optimizer?.slots.map(({ slot, weight }) => [weight.layer, weight.name, slot])).toEqual(
      weights.flatMap((weight) => slotNames.map((slot) => [weight.layer, weight.name, slot])),
    );
    expect(optimizer?.slots.map(({ weight }) => weight.values)).toEqual(
      wanted.map(([, values]) => Float32Array.from(values)),
    );
  });
});

const convolution = {
  strides: [1, 1],
  padding: "valid",
  dilationRate: [1, 1],
  groups: 1,
  activation: "linear",
  useBias: true,
  kernelInitializer: "glorot_uniform",
  biasInitializer: "zeros",
};
const normalInitializer = {
  kernelInitializer: { className: "RandomNormal", config: { mean: 0, stddev: 0.1 } },
  biasInitializer: "zeros",
};

it.each([
  "keras2",
  "keras3",
])("reads where the layers of a functional model of %s take from", async (version) => {
  const { description } = await readKerasH5(fixtureBytes(`${version}-residual.h5`));
  expect(description.layers.map(({ className, inputs }) => [className, inputs])).toEqual([
    ["Conv2D", undefined],
    ["Conv2D", undefined],
    ["Add", [description.layers[0].name, description.layers[1].name]],
    ["GlobalAveragePooling2D", undefined],
  ]);
});
