import { describe, expect, it } from "vitest";
import type { LayerDescription, ModelDescription } from "../../src/core/description.ts";
import { layerDefinitions } from "../../src/core/layers/table.ts";
import { lossFor } from "../../src/core/losses.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import { describeNetwork, networkNames } from "../../src/core/networks/table.ts";
import { inferenceProgram } from "../../src/core/programs.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { InputError } from "../../src/util/errors.ts";
import { elementCount } from "../../src/util/shapes.ts";
import { sequence } from "../support/networks.ts";

const conv = ["Conv2D", { filters: 4, kernelSize: 3 }] as const;

/** The error that building throws; anything but an InputError fails the test. */
function refusal(description: ModelDescription): { code: string; message: string } {
  try {
    buildModel(description);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("Expected the model to be refused");
}

describe("the report's network", () => {
  it("has 3,696,625 parameters for 256x256x3 and two classes", () => {
    const model = buildModel(reportNetwork([256, 256, 3], 1));
    expect(model.parameterCount).toBe(3_696_625);
    expect(model.outputShape).toEqual([1]);
    expect(model.layers.map(({ outputShape }) => outputShape)).toEqual([
      [254, 254, 16],
      [127, 127, 16],
      [125, 125, 32],
      [62, 62, 32],
      [60, 60, 16],
      [30, 30, 16],
      [14_400],
      [256],
      [1],
    ]);
  });

  it("ends in one sigmoid for two classes and in a softmax for more", () => {
    const ending = (classes: number) => describeNetwork("report", [64, 64, 3], classes).layers.at(-1)?.config;
    expect(ending(2)).toEqual({ units: 1, activation: "sigmoid" });
    expect(ending(3)).toEqual({ units: 3, activation: "softmax" });
    expect(ending(7)).toEqual({ units: 7, activation: "softmax" });
    expect(lossFor(1).name).toBe("binary_crossentropy");
    expect(lossFor(7).name).toBe("categorical_crossentropy");
  });

  it.each(["raport", "toString", ""])("refuses the network name %j and names the known ones", (name) => {
    expect(() => describeNetwork(name, [64, 64, 3], 2)).toThrow(InputError);
    expect(() => describeNetwork(name, [64, 64, 3], 2)).toThrow(/report/);
    expect(networkNames).toContain("report");
  });
});

describe("output shapes", () => {
  const same = { padding: "same" };
  const shapes: readonly [string, Parameters<typeof sequence>[1], readonly number[]][] = [
    ["valid convolution", conv, [11, 8, 4]],
    ["same convolution", ["Conv2D", { filters: 4, kernelSize: [5, 4], ...same }], [13, 10, 4]],
    ["same, stride 2", ["Conv2D", { filters: 1, kernelSize: 3, strides: 2, ...same }], [7, 5, 1]],
    ["stride above kernel", ["Conv2D", { filters: 2, kernelSize: 1, strides: [3, 4] }], [5, 3, 2]],
    ["pool", ["MaxPooling2D"], [6, 5, 3]],
    ["pool with same", ["AveragePooling2D", { poolSize: 3, ...same }], [5, 4, 3]],
    ["pool that overlaps", ["MaxPooling2D", { poolSize: 3, strides: 1 }], [11, 8, 3]],
    ["global pool", ["GlobalAveragePooling2D"], [3]],
    ["flatten", ["Flatten"], [390]],
    ["dense over the last axis", ["Dense", { units: 5 }], [13, 10, 5]],
    ["dropout", ["Dropout", { rate: 0.5 }], [13, 10, 3]],
    ["rescaling", ["Rescaling", { scale: 2 }], [13, 10, 3]],
  ];
  it.each(shapes)("%s", (_, layer, expected) => {
    const model = buildModel(sequence([13, 10, 3], layer));
    expect(model.outputShape).toEqual(expected);
    // what is recorded has the shape that was announced
    const { outputs } = inferenceProgram(model, { batchSize: 2 });
    expect(outputs.get("predictions")?.shape).toEqual([2, ...expected]);
  });
});

describe("weights", () => {
  const model = buildModel(
    sequence(
      [8, 7, 3],
      conv,
      ["Conv2D", { filters: 5, kernelSize: 2, useBias: false }],
      ["Flatten"],
      ["Dense", { units: 2 }],
    ),
  );

  it("lie apart on cache lines, in the layers' order", () => {
    const places = model.weights.map(({ name, shape }) => [name, ...shape]);
    expect(places).toEqual([
      ["kernel", 3, 3, 3, 4],
      ["bias", 4],
      ["kernel", 2, 2, 4, 5],
      ["kernel", 100, 2],
      ["bias", 2],
    ]);
    let end = 0;
    for (const { offset, shape } of model.weights) {
      expect(offset % 16).toBe(0);
      expect(offset).toBeGreaterThanOrEqual(end);
      expect(offset - end).toBeLessThan(16);
      end = offset + elementCount(shape);
    }
    expect(model.weightLength).toBeGreaterThanOrEqual(end);
    expect(model.parameterCount).toBe(108 + 4 + 80 + 200 + 2);
  });

  it("begin the same from the same seed, and otherwise from another", () => {
    const first = initialWeights(model, 7);
    expect(initialWeights(model, 7)).toEqual(first);
    expect(first.map(({ length }) => length)).toEqual(model.weights.map(({ shape }) => elementCount(shape)));
    const other = initialWeights(model, 8);
    model.weights.forEach(({ name }, index) => {
      if (name === "bias") expect([...first[index]!].every((value) => value === 0)).toBe(true);
      else expect(other[index]).not.toEqual(first[index]);
    });
  });
});

describe("weights that no optimizer changes", () => {
  const model = buildModel(
    sequence(
      [6, 6, 3],
      ["Conv2D", { filters: 5, kernelSize: 3, trainable: false }],
      ["BatchNormalization"],
      ["Flatten"],
      ["Dense", { units: 2 }],
    ),
  );
  const placesOf = (trainable: boolean) =>
    model.weights
      .filter((weight) => weight.trainable === trainable)
      .map(({ name, offset }) => [name, offset]);

  it("lie behind those that it does, and are named in Keras's order", () => {
    expect(model.weights.slice(2, 6).map(({ name }) => name)).toEqual([
      "gamma",
      "beta",
      "moving_mean",
      "moving_variance",
    ]);
    expect(placesOf(true)).toEqual([
      ["gamma", 0],
      ["beta", 16],
      ["kernel", 32],
      ["bias", 192],
    ]);
    expect(model.trainableLength).toBe(208);
    expect(placesOf(false)).toEqual([
      ["kernel", 208],
      ["bias", 352],
      ["moving_mean", 368],
      ["moving_variance", 384],
    ]);
    expect(model.weightLength).toBe(400);
    expect(model.trainableWeights.map(({ name }) => name)).toEqual(["gamma", "beta", "kernel", "bias"]);
  });

  it("begin as Keras has them: mean 0, variance 1", () => {
    const [, , gamma, beta, mean, variance] = initialWeights(model, 1);
    expect([gamma, beta, mean, variance].map((values) => values![3])).toEqual([1, 0, 0, 1]);
  });
});

describe("a graph", () => {
  const join = (name: string, inputs?: string[]): LayerDescription => ({
    className: "Add",
    name,
    config: {},
    ...(inputs && { inputs }),
  });
  const pool = (name: string, inputs?: string[]): LayerDescription => ({
    className: "MaxPooling2D",
    name,
    config: {},
    ...(inputs && { inputs }),
  });

  it("takes the layer that is named", () => {
    const layers = [pool("first"), pool("last", ["first"])];
    const model = buildModel({ name: "graph", inputShape: [16, 16, 1], layers });
    expect(model.layers.map(({ inputs }) => inputs)).toEqual([[-1], [0]]);
    expect(model.outputShape).toEqual([4, 4, 1]);
  });

  it("branches, joins, and takes the input by its name", () => {
    const layers = [
      pool("a"),
      { ...pool("b", ["photo"]), config: { poolSize: 3, strides: 2, padding: "same" } },
      join("sum", ["a", "b"]),
      pool("c"),
      join("last", ["c", "c", "c"]),
    ];
    const model = buildModel({ name: "graph", inputShape: [16, 16, 1], inputName: "photo", layers });
    expect(model.layers.map(({ inputs }) => inputs)).toEqual([[-1], [-1], [0, 1], [2], [3, 3, 3]]);
    expect(model.outputShape).toEqual([4, 4, 1]);
  });

  it("refuses to join what has not one shape", () => {
    const layers = [pool("a"), pool("b"), join("sum", ["a", "b"])];
    const error = refusal({ name: "graph", inputShape: [16, 16, 1], layers });
    expect(error.code).toBe("model.bad-shape");
    expect(error.message).toMatch(/"sum".*8x8x1 and 4x4x1/);
  });

  it.each([
    ["a later layer", [pool("a", ["b"]), pool("b")], /"a".*found b/],
    ["itself", [pool("a", ["a"])], /"a".*found a/],
    ["an unknown layer", [pool("a"), pool("b", ["c"])], /"b".*found c/],
    ["two layers", [pool("a"), pool("b"), pool("c", ["a", "b"])], /"c".*found a, b/],
    ["nothing", [pool("a"), pool("b", [])], /"b".*found none/],
    ["one input to join", [pool("a"), join("b", ["a"])], /"b".*two or more earlier layers, found a/],
    ["no inputs to join", [pool("a"), join("b")], /"b".*two or more earlier layers, found none/],
    ["a layer that leads nowhere", [pool("a"), pool("b"), pool("c", ["a"])], /"b" used by none/],
    ["a name that is taken", [pool("a"), pool("a")], /unique, found "a" twice/],
  ] as const)("refuses %s", (_, layers, message) => {
    const error = refusal({ name: "graph", inputShape: [64, 64, 1], layers });
    expect(error.code).toBe("model.bad-graph");
    expect(error.message).toMatch(message);
  });
});

describe("a description that cannot be built", () => {
  it("names the layer and offers a class with a near name", () => {
    const error = refusal(sequence([8, 8, 3], ["Conv2d"]));
    expect(error.code).toBe("model.unknown-layer");
    expect(error.message).toBe(
      'Layer "conv2d_0", number 1 of 1, is of an unknown class "Conv2d". Did you mean "Conv2D"?',
    );
    expect(refusal(sequence([8, 8, 3], ["Transformer"])).message).toMatch(/Known: Activation, .*Conv2D/);
  });

  it.each([
    ["no filters", ["Conv2D", { kernelSize: 3 }], /conv2d_0.*filters/s],
    ["0 filters", ["Conv2D", { filters: 0, kernelSize: 3 }], /conv2d_0.*filters/s],
    ["half a filter", ["Conv2D", { filters: 1.5, kernelSize: 3 }], /filters/],
    ["a kernel of three sides", ["Conv2D", { filters: 1, kernelSize: [3, 3, 3] }], /kernelSize/],
    ["a stride of 0", ["Conv2D", { filters: 1, kernelSize: 3, strides: 0 }], /strides/],
    ["an unknown padding", ["Conv2D", { filters: 1, kernelSize: 3, padding: "full" }], /padding/],
    ["an unknown activation", ["Dense", { units: 1, activation: "rellu" }], /activation/],
    ["channels first", ["MaxPooling2D", { dataFormat: "channels_first" }], /dataFormat/],
    ["a dilation of 0", ["Conv2D", { filters: 1, kernelSize: 3, dilationRate: 0 }], /dilationRate/],
    ["half a group", ["Conv2D", { filters: 2, kernelSize: 3, groups: 0.5 }], /groups/],
    ["a smooth enlargement", ["UpSampling2D", { interpolation: "bilinear" }], /interpolation/],
    ["a normalisation backwards", ["Normalization", { invert: true }], /invert/],
    ["an unknown initializer", ["Dense", { units: 1, kernelInitializer: "best" }], /kernelInitializer/],
    ["a rate above 1", ["Dropout", { rate: 1.5 }], /rate/],
    ["a rate that is not a number", ["Dropout", { rate: Number.NaN }], /rate/],
    ["a ReLU below zero", ["ReLU", { maxValue: -5 }], /maxValue/],
  ] as const)("refuses %s", (_, layer, message) => {
    const error = refusal(sequence([8, 8, 3], layer));
    expect(error.code).toBe("model.bad-layer");
    expect(error.message).toMatch(message);
  });

  it.each([
    [
      "groups that cannot share",
      ["Conv2D", { filters: 4, kernelSize: 1, groups: 2 }],
      /2 groups can share, found 3/,
    ],
    ["a crop of all", ["Cropping2D", { cropping: 4 }], /rest of the image, found 0 rows/],
    ["slopes shared along rows", ["PReLU", { sharedAxes: [1] }], /all axes but the channels/],
    ["a scale too few", ["Rescaling", { scale: [1, 2] }], /each of 3 channels, found 2/],
    ["a mean alone", ["Normalization", { mean: 1 }], /a mean and a variance/],
    ["noise for rows", ["Dropout", { rate: 0.5, noiseShape: [null, 8, 1, 1] }], /each value, channel/],
  ] as const)("refuses %s", (_, layer, message) => {
    const error = refusal(sequence([8, 8, 3], layer));
    expect(error.code).toBe("model.bad-shape");
    expect(error.message).toMatch(message);
  });

  it.each([
    [
      "Concatenate",
      {},
      [
        [8, 8, 3],
        [4, 8, 3],
      ],
      /differ in their channels only/,
    ],
    [
      "Concatenate",
      { axis: 1 },
      [
        [8, 8, 3],
        [8, 8, 3],
      ],
      /last axis, found axis 1/,
    ],
    [
      "Multiply",
      {},
      [
        [8, 8, 3],
        [8, 1, 1],
      ],
      /found 8x8x3 and 8x1x1/,
    ],
    [
      "Subtract",
      {},
      [
        [8, 8, 3],
        [8, 8, 1],
      ],
      /one shape/,
    ],
  ])("%s %j of %j is refused", (className, config, shapes, message) => {
    const { outputShape, config: schema } = layerDefinitions.get(className)!;
    expect(() => outputShape(shapes[0], schema.parse(config), shapes)).toThrow(message);
  });

  it.each([
    ["a kernel that is larger than the image", conv, [2, 9, 3], /conv2d_0.*at least 3x3 pixels, found 2x9/],
    ["a pool that is larger than the image", ["MaxPooling2D"], [9, 1, 3], /2x2 pixels, found 9x1/],
  ] as const)("refuses %s", (_, layer, inputShape, message) => {
    const error = refusal(sequence(inputShape, layer));
    expect(error.code).toBe("model.bad-shape");
    expect(error.message).toMatch(message);
  });

  it.each(["Conv2D", "MaxPooling2D", "GlobalAveragePooling2D"])("refuses %s after Flatten", (className) => {
    const config = className === "Conv2D" ? { filters: 1, kernelSize: 1 } : {};
    const error = refusal(sequence([8, 8, 3], ["Flatten"], [className, config]));
    expect(error.code).toBe("model.bad-shape");
    expect(error.message).toMatch(/cannot take an input of 192. Expected height, width and channels/);
  });

  it.each([
    [0, 8, 3],
    [8, -1, 3],
    [8, 8, 1.5],
    [8, 8, Number.NaN],
  ])("refuses images of %d x %d x %d", (...inputShape) => {
    expect(refusal(sequence(inputShape as [number, number, number], ["Flatten"]))).toMatchObject({
      code: "model.bad-shape",
      message: expect.stringContaining(`found ${inputShape.join("x")}`),
    });
  });
});

describe("layers while training and after", () => {
  const recorded = (training: boolean, rate: number) => {
    const { layers } = buildModel(sequence([4, 4, 1], ["Dropout", { rate }]));
    const [layer] = layers;
    const recorder = new Recorder(0);
    const x = recorder.input("x", [1, 4, 4, 1]);
    const call = { config: layer!.config, inputs: [x], weights: {}, training, index: 0 };
    layer!.definition.record(recorder, x, call);
    return recorder.finish().nodes.map(({ operation }) => operation);
  };

  it("dropout is recorded only while training", () => {
    expect(recorded(true, 0.5)).toEqual(["dropout"]);
    expect(recorded(false, 0.5)).toEqual([]);
    expect(recorded(true, 0)).toEqual([]);
  });
});
