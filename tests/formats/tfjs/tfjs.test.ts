import * as tf from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import { layerDefinitions } from "../../../src/core/layers/table.ts";
import { buildModel, initialWeights } from "../../../src/core/model.ts";
import { type ModelSource, sourceOf } from "../../../src/formats/model-files.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { readModelFile } from "../../../src/formats/table.ts";
import { writeTfjs } from "../../../src/formats/tfjs/write.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { residualNetwork, sequence } from "../../support/networks.ts";
import {
  openInTensorflowJs,
  predictInTensorflowJs,
  saveInTensorflowJs,
} from "../../support/tensorflow-js.ts";
import { expectSameBits, smallModel } from "../keras/fixtures.ts";
import { predictWith } from "../predict-with.ts";

/** Sums of a few hundred products, rounded in another order. */
const TOLERANCE = 1e-5;

const written = async (model: SavedModel): Promise<ModelSource> => sourceOf(await writeTfjs(model));

function imagesFor([height, width, channels]: readonly number[], count = 2): Float32Array {
  const random = new RandomStream(3, "images", 0);
  return Float32Array.from({ length: count * height * width * channels }, () => random.nextFloat32());
}

/** A model with weights that are not the layers' plain beginnings. */
function withWeights(description: SavedModel["description"]): SavedModel {
  const model = buildModel(description);
  const values = initialWeights(model, 5);
  const random = new RandomStream(4, "weights", 0);
  const weights = model.weights.map(({ layer, name, shape }, i) => ({
    layer,
    name,
    shape,
    values: values[i].map((value) => (name.endsWith("kernel") ? value : value + 0.3 + random.nextFloat32())),
  }));
  return { description, weights };
}

function expectClose(found: Float32Array, expected: Float32Array): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(TOLERANCE);
  });
}

async function expectSameInTensorflowJs(saved: SavedModel): Promise<void> {
  const { inputShape } = saved.description;
  const images = imagesFor(inputShape);
  const theirs = predictInTensorflowJs(await openInTensorflowJs(await written(saved)), images, inputShape);
  expectClose(await predictWith(referenceBackend, saved, images), theirs);
}

describe("a TensorFlow.js model that is written", () => {
  it("comes back to the same bits, without what only training asks for", async () => {
    const { compile: _, optimizer: __, ...model } = smallModel();
    const read = await readModelFile(await written(model));
    const layers = model.description.layers.map((layer) => {
      const { kernelInitializer: ___, ...config } = layer.config;
      return { ...layer, config };
    });
    expect(read).toEqual({ ...model, description: { ...model.description, layers } });
    expectSameBits(read, model);
  });

  it("predicts the same in TensorFlow.js, in a sequence and in a graph", async () => {
    await expectSameInTensorflowJs(withWeights(residualNetwork([17, 13, 3], 3)));
    const network = sequence(
      [11, 9, 3],
      ["Rescaling", { scale: 2, offset: -1 }],
      [
        "ZeroPadding2D",
        {
          padding: [
            [0, 1],
            [2, 0],
          ],
        },
      ],
      ["DepthwiseConv2D", { kernelSize: 3, strides: 2, depthMultiplier: 2 }],
      ["LeakyReLU", { negativeSlope: 0.1 }],
      ["SeparableConv2D", { filters: 5, kernelSize: [3, 1], padding: "same", activation: "silu" }],
      ["ReLU", { maxValue: 6 }],
      ["AveragePooling2D", { poolSize: 2, padding: "same" }],
      ["Dropout", { rate: 0.5 }],
      ["Conv2D", { filters: 4, kernelSize: 1, activation: "gelu", kernelInitializer: "lecun_normal" }],
      ["Activation", { activation: "mish" }],
      ["GlobalAveragePooling2D", { keepdims: true }],
      ["Flatten"],
      ["Dense", { units: 6 }],
      ["Reshape", { targetShape: [2, -1] }],
      ["Softmax"],
      ["Flatten"],
    );
    await expectSameInTensorflowJs(withWeights(network));
  });

  it.each([
    "elu",
    "gelu",
    "linear",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
  ])("means the same by %s", async (activation) => {
    const network = sequence([2, 3, 1], ["Flatten"], ["Dense", { units: 7, activation }]);
    await expectSameInTensorflowJs(withWeights(network));
  });

  it("is cut into files of 4 MB, named by their content", async () => {
    const saved = withWeights(sequence([32, 32, 3], ["Flatten"], ["Dense", { units: 450 }]));
    const { beside } = await writeTfjs(saved);
    const sizes = [...beside!.values()].map((pieces) => pieces.reduce((sum, { length }) => sum + length, 0));
    expect(sizes).toEqual([4 << 20, 4 * (3072 * 450 + 450) - (4 << 20)]);
    saved.weights[1].values[449] += 1;
    const [first, last] = [[...beside!.keys()], [...(await writeTfjs(saved)).beside!.keys()]];
    expect(last[0]).toBe(first[0]);
    expect(last[1]).not.toBe(first[1]);
    await expectSameInTensorflowJs(saved);
  });

  it.each([
    ["hard_sigmoid", sequence([2, 2, 1], ["Flatten"], ["Dense", { units: 2, activation: "hard_sigmoid" }])],
    ["exponential", sequence([2, 2, 1], ["Activation", { activation: "exponential" }])],
  ])("is refused where TensorFlow.js has no equal: %s", async (what, description) => {
    await expect(writeTfjs({ description, weights: [] })).rejects.toMatchObject({
      code: "export.no-equal",
      message: expect.stringContaining(what),
    });
  });
});

describe("every layer there is", () => {
  const small = (...layers: Parameters<typeof sequence>[1][]) => sequence([9, 7, 4], ...layers);
  const joined = (className: string): SavedModel["description"] => ({
    ...sequence([9, 7, 4], ["Conv2D", { filters: 4, kernelSize: 1 }], [className], ["Flatten"]),
    inputName: "image",
    layers: [
      { className: "Conv2D", name: "a", config: { filters: 4, kernelSize: 1 } },
      { className: "Conv2D", name: "b", config: { filters: 4, kernelSize: 1 }, inputs: ["image"] },
      { className, name: "joined", config: {}, inputs: ["a", "b"] },
      { className: "Flatten", name: "flatten", config: {} },
    ],
  });
  const merges = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"];
  const sequences: Readonly<Record<string, readonly (readonly [string, object?])[]>> = {
    Activation: [["Activation", { activation: "relu6" }]],
    AlphaDropout: [["AlphaDropout", { rate: 0.5 }]],
    AveragePooling2D: [["AveragePooling2D", { poolSize: [3, 2], strides: [1, 2] }]],
    BatchNormalization: [["BatchNormalization", { epsilon: 0.1, scale: false }]],
    Conv2D: [["Conv2D", { filters: 3, kernelSize: [3, 2], dilationRate: [2, 2] }]],
    Cropping2D: [
      [
        "Cropping2D",
        {
          cropping: [
            [1, 2],
            [0, 3],
          ],
        },
      ],
    ],
    Dense: [["Dense", { units: 3 }]],
    DepthwiseConv2D: [["DepthwiseConv2D", { kernelSize: 3, dilationRate: [1, 1], padding: "same" }]],
    Dropout: [["Dropout", { rate: 0.5, noiseShape: [null, 1, 1, 4] }]],
    ELU: [["ELU"]],
    Flatten: [["Flatten"]],
    GaussianDropout: [["GaussianDropout", { rate: 0.5 }]],
    GaussianNoise: [["GaussianNoise", { stddev: 0.5 }]],
    GlobalAveragePooling2D: [["GlobalAveragePooling2D"]],
    GlobalMaxPooling2D: [["GlobalMaxPooling2D", { keepdims: true }]],
    LeakyReLU: [["LeakyReLU"]],
    MaxPooling2D: [["MaxPooling2D", { poolSize: 3, strides: 1, padding: "same" }]],
    PReLU: [["PReLU", { sharedAxes: [1, 2] }]],
    RandomFlip: [["RandomFlip", { mode: "horizontal" }]],
    ReLU: [["ReLU", { maxValue: 0.4 }]],
    Rescaling: [["Rescaling", { scale: 3, offset: 0.5 }]],
    Reshape: [["Reshape", { targetShape: [-1, 14] }]],
    SeparableConv2D: [
      ["SeparableConv2D", { filters: 3, kernelSize: 2, depthMultiplier: 2, dilationRate: 2 }],
    ],
    Softmax: [["Softmax"]],
    SpatialDropout2D: [["SpatialDropout2D", { rate: 0.5 }]],
    UpSampling2D: [["UpSampling2D", { size: [2, 3] }]],
    ZeroPadding2D: [["ZeroPadding2D", { padding: [1, 2] }]],
  };
  const lacking = ["Normalization", "Subtract"];

  it.each(Object.keys(sequences))("%s", async (name) => {
    const description = small(...(sequences[name] as Parameters<typeof small>), ["Flatten"]);
    await expectSameInTensorflowJs(withWeights(description));
  });

  it.each(merges)("%s", async (name) => expectSameInTensorflowJs(withWeights(joined(name))));

  it("has been tried or is refused", () => {
    const tried = [...Object.keys(sequences), ...merges, ...lacking];
    const left = [...layerDefinitions.keys()].filter(
      (name) => !tried.includes(name) && !name.startsWith("Random"),
    );
    expect(left).toEqual([]);
  });

  it.each([
    ["Conv2D", { filters: 4, kernelSize: 1, groups: 2 }],
    ["DepthwiseConv2D", { kernelSize: 3, dilationRate: [2, 2] }],
    ["ELU", { alpha: 0.5 }],
    ["Normalization", { mean: 1, variance: 2 }],
    ["ReLU", { threshold: 0.5 }],
    ["ReLU", { negativeSlope: 0.5 }],
    ["Rescaling", { scale: [1, 2, 3, 4] }],
  ])("%s with %j is refused", async (className, config) => {
    const saved = withWeights(small([className, config], ["Flatten"]));
    await expect(writeTfjs(saved)).rejects.toMatchObject({ code: "export.no-equal" });
  });
});

describe("a model that TensorFlow.js writes", () => {
  const nested = () => {
    const image = tf.input({ shape: [9, 7, 3] });
    const start = tf.layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, name: "Conv1" }).apply(image);
    const deep = tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same" }).apply(start);
    const norm = tf.layers.batchNormalization({ momentum: 0.9 }).apply(deep);
    const sum = tf.layers.add().apply([norm, start] as tf.SymbolicTensor[]);
    const base = tf.model({
      inputs: image,
      outputs: tf.layers.reLU({ maxValue: 6 }).apply(sum) as tf.SymbolicTensor,
    });
    const features = tf.sequential({ layers: [base, tf.layers.globalAveragePooling2d({})] });
    const head = tf.sequential();
    head.add(tf.layers.dense({ units: 5, activation: "elu", inputShape: [4] }));
    head.add(tf.layers.dense({ units: 2, useBias: false }));
    head.add(tf.layers.softmax());
    return tf.sequential({ layers: [features, head] });
  };

  it("predicts the same here, with models in models", async () => {
    await openInTensorflowJs(await written(smallModel())); // chooses the backend
    const model = nested();
    const images = imagesFor([9, 7, 3]);
    const read = await readModelFile(await saveInTensorflowJs(model));
    expectClose(
      await predictWith(referenceBackend, read, images),
      predictInTensorflowJs(model, images, [9, 7, 3]),
    );
    const flat = read.description.layers.map(({ className }) => className);
    expect(flat).toEqual(
      ["Conv2D", "DepthwiseConv2D", "BatchNormalization", "Add", "ReLU", "GlobalAveragePooling2D"].concat(
        "Dense",
        "Dense",
        "Softmax",
      ),
    );
  });
});
