import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import type { ModelDescription, WeightRecord } from "../../../src/core/description.ts";
import { preprocessingSchema } from "../../../src/data/preprocessing.ts";
import { alone } from "../../../src/formats/model-files.ts";
import { encodeOnnx, type OnnxModel, type OnnxNode } from "../../../src/formats/onnx/messages.ts";
import { readOnnx } from "../../../src/formats/onnx/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { readModelFile } from "../../../src/formats/table.ts";
import { InputError } from "../../../src/util/errors.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { mutate } from "../../support/mutate.ts";
import { predictWith } from "../predict-with.ts";

const folder = new URL("../../fixtures/onnx/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const jsonOf = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
const predict = (saved: SavedModel, images: Float32Array) => predictWith(referenceBackend, saved, images);

/** Sums of products in another order, as ONNX Runtime's differ from ours too. */
const LIMIT = 1e-5;

function expectClose(found: Float32Array, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length);
  const size = Math.max(1, ...Array.from(expected, Math.abs));
  const apart = Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)));
  expect(apart / size).toBeLessThan(LIMIT);
}

describe("a network that PyTorch has written", () => {
  const { side, batch, expected } = jsonOf("torch/predictions.json");
  const images = Float32Array.from({ length: batch * side * side * 3 }, (_, i) => ((i * 7919) % 256) / 255);

  it.each(Object.keys(expected))("(%s) predicts what ONNX Runtime made of it", async (name) => {
    const saved = readOnnx(bytesOf(`torch/${name}.onnx`));
    expect(saved.description.inputShape).toEqual([side, side, 3]);
    expectClose(await predict(saved, images), expected[name]);
    const rows = expected[name].length / batch;
    expect(expected[name].slice(0, rows)).not.toEqual(expected[name].slice(rows)); // the images make a difference
  });

  it("has its own names, and activations in the layers before them", () => {
    const { layers } = readOnnx(bytesOf("torch/residual.onnx")).description;
    const names = layers.map(({ name }) => name);
    for (const name of ["conv1", "bn1", "maxpool", "layer1_0_conv2", "layer2_0_downsample_1", "fc"])
      expect(names).toContain(name);
    expect(layers.at(-1)).toMatchObject({ className: "Dense", config: { activation: "softmax" } });
  });
});

interface Network {
  readonly description: ModelDescription;
  readonly weights: readonly (Omit<WeightRecord, "values"> & { readonly values: number[] })[];
}

describe("a file of Fovea's own", () => {
  const networks: Record<string, Network> = jsonOf("networks.json");
  const saved = (name: string): SavedModel => {
    const { description, weights } = networks[name]!;
    const floats = weights.map((weight) => ({ ...weight, values: Float32Array.from(weight.values) }));
    return { description, weights: floats, classes: ["ä", "b"], preprocessing: { height: 12, scale: 0.5 } };
  };

  it.each(Object.keys(networks))("comes back as a model that predicts the same (%s)", async (name) => {
    const model = saved(name);
    const [height, width, channels] = model.description.inputShape;
    const images = Float32Array.from({ length: 2 * height * width * channels }, (_, i) => Math.sin(i * i));
    const read = readOnnx(writeOnnx(model));
    expect(read.classes).toEqual(model.classes);
    expect(read.preprocessing).toEqual(model.preprocessing);
    expect(read.description.inputShape).toEqual(model.description.inputShape);
    expectClose(await predict(read, images), await predict(model, images));
    const names = model.description.layers.map((layer) => layer.name);
    const same = read.description.layers.filter((layer) => names.includes(layer.name));
    expect(same.length).toBeGreaterThan(names.length / 3); // some are made of others in the graph
  });

  it("with photos as its input says by its graph how they are prepared", async () => {
    const model = saved("branches");
    const [height, width, channels] = model.description.inputShape;
    const photos = preprocessingSchema.parse({ height, width, scale: 2 / 255, offset: -1 });
    const read = readOnnx(writeOnnx(model, { photos }));
    expect(read.description.inputShape).toEqual([height, width, channels]);
    const rule = { height, width, resize: "stretch", interpolation: "bilinear", antialias: false };
    expect(read.preprocessing).toMatchObject({ ...rule, offset: -1 });
    expect(read.preprocessing!.scale).toBeCloseTo(2 / 255, 8);
    const images = Float32Array.from({ length: height * width * channels }, (_, i) => Math.sin(i * i));
    expectClose(await predict(read, images), await predict(model, images));
  });
});

const batch = "batch";
const node = (operator: string, inputs: string[], output: string, attributes = {}): OnnxNode => ({
  operator,
  inputs,
  output,
  attributes,
});

/** A graph from images of 4x6x3, channels first, whose input is `x` and whose output is `y`. */
function graph(nodes: readonly OnnxNode[], more: Partial<OnnxModel> = {}): Uint8Array {
  return encodeOnnx({
    opset: 17,
    name: "graph",
    nodes,
    tensors: new Map(),
    input: { name: "x", type: "float32", shape: [batch, 3, 4, 6] },
    output: { name: "y", type: "float32", shape: [batch, 3] },
    metadata: {},
    ...more,
  });
}

const images = Float32Array.from({ length: 2 * 4 * 6 * 3 }, (_, i) => Math.sin(i * i));
const pixel = (image: number, h: number, w: number, c: number) => images[((image * 4 + h) * 6 + w) * 3 + c]!;

/** What a graph of one node before a global maximum or mean makes of each image's channels. */
const channelwise = (of: (image: number, channel: number) => number) =>
  [0, 1].flatMap((image) => [0, 1, 2].map((channel) => of(image, channel)));

function windows(size: number, stride: number, pad: number, of: (values: number[]) => number) {
  return (image: number, channel: number) => {
    const made = [];
    for (let h = -pad; h + size <= 4 + pad; h += stride)
      for (let w = -pad; w + size <= 6 + pad; w += stride) {
        const inside = [];
        for (let i = h; i < h + size; i++)
          for (let j = w; j < w + size; j++)
            if (i >= 0 && i < 4 && j >= 0 && j < 6) inside.push(pixel(image, i, j, channel));
        made.push(of(inside));
      }
    return made.reduce((sum, value) => sum + value, 0) / made.length;
  };
}

describe("pools", () => {
  const pooled = (operator: string, attributes: object) =>
    graph([
      node(operator, ["x"], "p", { kernel_shape: [3, 3], ...attributes }),
      node("GlobalAveragePool", ["p"], "y"),
    ]);

  it.each([
    1, 2, 3,
  ])("of values below zero never take a pixel around the image (stride %d)", async (stride) => {
    const bytes = pooled("MaxPool", { strides: [stride, stride], pads: [1, 1, 1, 1] });
    const expected = channelwise(windows(3, stride, 1, (values) => Math.max(...values)));
    expectClose(await predict(readOnnx(bytes), images), expected);
  });

  it("count zeros around the image where they are told to", async () => {
    const attributes = { strides: [2, 2], pads: [1, 1, 1, 1] };
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    const counted = pooled("AveragePool", { ...attributes, count_include_pad: 1 });
    expectClose(await predict(readOnnx(counted), images), channelwise(windows(3, 2, 1, (v) => sum(v) / 9)));
    expect(() => readOnnx(pooled("AveragePool", attributes))).toThrow(/AveragePool \(a mean over windows/);
  });
});

describe("arithmetic", () => {
  it("of constants by channel comes to one normalisation, before and behind a layer", async () => {
    const mean = Float32Array.of(0.5, -0.25, 2);
    const tensors = new Map([
      ["mean", { shape: [3, 1, 1], values: mean }],
      ["by", { shape: [1, 3, 1, 1], values: Float32Array.of(2, 4, -8) }],
      ["one", { shape: [], values: Float32Array.of(1) }],
    ]);
    const nodes = [
      node("Sub", ["x", "mean"], "a"),
      node("Div", ["a", "by"], "b"),
      node("Sub", ["one", "b"], "c"),
      node("ReduceMean", ["c"], "y", { axes: [-1, 2], keepdims: 0 }),
    ];
    const saved = readOnnx(graph(nodes, { tensors }));
    const all = windows(1, 1, 0, ([value]) => value!);
    const expected = channelwise((image, c) => 1 - (all(image, c) - mean[c]!) / [2, 4, -8][c]!);
    expectClose(await predict(saved, images), expected);
    const kinds = saved.description.layers.map(({ className }) => className);
    expect(kinds).toEqual(["BatchNormalization", "Rescaling", "GlobalAveragePooling2D"]);
  });

  it("x / (1 + exp(-x)) in two nodes is one activation, and what it was made of goes", () => {
    const nodes = [
      node("Sigmoid", ["x"], "s"),
      node("Mul", ["s", "x"], "m"),
      node("GlobalAveragePool", ["m"], "y"),
    ];
    const { layers } = readOnnx(graph(nodes)).description;
    expect(layers.map(({ config }) => config.activation)).toEqual(["silu", undefined]);
  });
});

describe("what an ONNX file leaves open", () => {
  const pooled = [node("GlobalAveragePool", ["x"], "y")];
  const open: OnnxModel["input"] = { name: "x", type: "float32", shape: ["N", 3, "height", "width"] };

  it("is the size of its images, which the caller says", () => {
    const bytes = graph(pooled, { input: open });
    expect(readOnnx(bytes, { imageSize: 40 }).description.inputShape).toEqual([40, 40, 3]);
    expect(() => readOnnx(bytes)).toThrow(expect.objectContaining({ code: "model.open-size" }));
  });

  it("are class names, which Ultralytics writes in Python's own way", () => {
    const names = `{0: 'cat', 1: "cat's tail", 2: 'a, b'}`;
    expect(readOnnx(graph(pooled, { metadata: { names } })).classes).toEqual(["cat", "cat's tail", "a, b"]);
    expect(readOnnx(graph(pooled, { metadata: { classes: "cat" } })).classes).toBeUndefined();
  });
});

describe("an ONNX file is refused", () => {
  const refusal = (read: () => unknown, code: string, ...words: string[]) => {
    for (const word of words)
      expect(read).toThrow(
        expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(word) }),
      );
  };

  it("with all operators that have no equal, by the names of their nodes", () => {
    const nodes = [
      node("LRN", ["x"], "first"),
      node("Relu", ["first"], "a"),
      node("GridSample", ["a"], "second"),
      node("LRN", ["second"], "third"),
      node("Elu", ["x"], "fine"),
      node("Softmax", ["fine"], "strange", { axis: 7 }),
      node("GlobalAveragePool", ["strange"], "y"),
    ];
    const message = 'LRN in "first", "third"; GridSample in "second"; Softmax (axis 7) in "strange"';
    refusal(() => readOnnx(graph(nodes)), "model.unsupported", message);
  });

  it.each<[string, Partial<OnnxModel>, string]>([
    ["of a batch of 4", { input: { name: "x", type: "float32", shape: [4, 3, 4, 6] } }, "4 x 3 x 4 x 6"],
    ["of five channels", { input: { name: "x", type: "float32", shape: [batch, 5, 4, 6] } }, "batch"],
    ["of huge images", { input: { name: "x", type: "float32", shape: [batch, 3, 2 ** 50, 6] } }, "images"],
    ["whose output nothing makes", { output: { name: "z", type: "float32", shape: [] } }, '"z"'],
    ["whose output is an image", { nodes: [node("Relu", ["x"], "y")] }, "3x4x6"],
  ])("%s", (_, more, word) => {
    refusal(() => readOnnx(graph([node("GlobalAveragePool", ["x"], "y")], more)), "model.unsupported", word);
  });

  it("that takes what nothing makes", () => {
    refusal(() => readOnnx(graph([node("Relu", ["gone"], "y")])), "model.damaged", '"gone"');
  });

  it("whose shapes are said wrongly, before anything is made of them", () => {
    const shape = { shape: [2 ** 40, 2 ** 12], values: Float32Array.of(1) };
    const tensors = new Map([["w", shape]]);
    const nodes = [node("Flatten", ["x"], "f"), node("MatMul", ["f", "w"], "y")];
    refusal(() => readOnnx(graph(nodes, { tensors })), "model.unsupported", "MatMul", "holds 1 numbers");
    const much = new Map([["s", { shape: [1], values: BigInt64Array.of(2n ** 40n) }]]);
    const filled = [node("ConstantOfShape", ["s"], "c"), node("Add", ["x", "c"], "y")];
    refusal(() => readOnnx(graph(filled, { tensors: much })), "model.unsupported", "ConstantOfShape");
    const four = new Map([["v0", { shape: [4], values: Float32Array.of(1, 2, 3, 4) }]]);
    const doubled = Array.from({ length: 40 }, (_, i) =>
      node("Concat", [`v${i}`, `v${i}`], `v${i + 1}`, { axis: 0 }),
    );
    const added = [...doubled, node("Add", ["x", "v40"], "y")];
    refusal(() => readOnnx(graph(added, { tensors: four })), "model.unsupported", "more numbers are made");
  });

  it("cut anywhere, by its name and with a reason", async () => {
    const whole = bytesOf("torch/plain.onnx");
    for (let end = 1; end < whole.length; end += 97)
      await expect(readModelFile(alone(whole.subarray(0, end)))).rejects.toMatchObject({
        name: "InputError",
      });
  });

  it("when it is damaged, or read as another model, but never anything else happens", {
    timeout: 60_000,
  }, async () => {
    const random = new RandomStream(5, "onnx");
    const files = [
      "torch/plain.onnx",
      "torch/odd.onnx",
      "torch/mobile.onnx",
      "branches.onnx",
      "odd_windows.onnx",
    ];
    const whole = files.map(bytesOf);
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const bytes = mutate(random, whole[i % whole.length]!, whole[(i + 1) % whole.length]!);
      await readModelFile(alone(bytes)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(InputError);
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(100);
  });
});
