import "@tensorflow/tfjs-backend-cpu";
import { io } from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type ModelSource, sourceOf } from "../../../src/formats/model-files.ts";
import { isWholeModel } from "../../../src/formats/saved-model.ts";
import { readModelFile, readWeightsFile } from "../../../src/formats/table.ts";
import { writeTfjs } from "../../../src/formats/tfjs/write.ts";
import { InputError } from "../../../src/util/errors.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { mutate } from "../../support/mutate.ts";
import { smallModel } from "../keras/fixtures.ts";

const { extra: _, ...model } = smallModel();
const { pieces, beside } = await writeTfjs(model);
const own = await sourceOf({ pieces, beside });
const json = JSON.parse(new TextDecoder().decode(own.bytes));
const [group] = json.weightsManifest;
const [shard] = group.paths;

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The model with parts of its model.json replaced. */
const changed = (parts: object): ModelSource => ({ ...own, bytes: encode({ ...json, ...parts }) });
const withGroup = (parts: object) => changed({ weightsManifest: [{ ...group, ...parts }] });
const withFirst = (parts: object) =>
  withGroup({ weights: [{ ...group.weights[0], ...parts }, ...group.weights.slice(1)] });

async function errorOf(source: ModelSource): Promise<InputError | undefined> {
  try {
    await readModelFile(source);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

describe("what is no TensorFlow.js layers model is refused", () => {
  it.each<[string, ModelSource, string, string]>([
    ["a graph model", changed({ format: "graph-model" }), "model.unsupported", "tfjs_layers_model"],
    [
      "an older graph model",
      changed({ format: null, modelTopology: { node: [] } }),
      "model.unsupported",
      "graph model",
    ],
    [
      "other JSON",
      { ...own, bytes: encode({ name: "fovea", version: 1 }) },
      "model.damaged",
      "weightsManifest",
    ],
    ["a weight that is missing", withGroup({ weights: group.weights.slice(1) }), "model.damaged", "conv2d"],
    ["a file that is missing", { ...own, beside: async () => undefined }, "model.missing-weights", shard],
    ["a file cut short", { ...own, beside: async () => new Uint8Array(100) }, "model.damaged", "found 100"],
    ["an absurd shape", withFirst({ shape: [1e9, 1e9, 1e9] }), "model.damaged", "found"],
    ["a negative shape", withFirst({ shape: [-1, 3] }), "model.damaged", "shape"],
    ["text for numbers", withFirst({ dtype: "string" }), "model.unsupported", "string"],
    ["whole numbers for a kernel", withFirst({ dtype: "int32" }), "model.damaged", "conv2d/kernel"],
    ["an unknown quantisation", withFirst({ quantization: { dtype: "int4" } }), "model.unsupported", "int4"],
    ["an unknown prefix", withFirst({ name: "elsewhere/kernel" }), "model.damaged", "conv2d/kernel"],
    ["another shape of as many numbers", withFirst({ shape: [54] }), "", ""],
  ])("%s", async (_, source, code, text) => {
    const error = await errorOf(source);
    expect(error?.code ?? "").toBe(code); // a shape is held against the layer's by whoever uses the model
    expect(error?.message ?? "").toContain(text);
  });

  it("and so is hard_sigmoid, which is another function there", async () => {
    const text = JSON.stringify(json).replace('"activation":"sigmoid"', '"activation":"hard_sigmoid"');
    expect((await errorOf({ ...own, bytes: new TextEncoder().encode(text) }))?.message).toContain(
      "hard_sigmoid",
    );
  });

  it("and so are settings deeper than the stack", async () => {
    const text = JSON.stringify(json).replace(
      '"alpha":',
      `"deep":${"[".repeat(1e5)}${"]".repeat(1e5)},"alpha":`,
    );
    const error = await errorOf({ ...own, bytes: new TextEncoder().encode(text) });
    expect(error?.code).toBe("model.damaged");
  });

  it("2,000 times after damage, or it is a model; in no more than a moment each", async () => {
    const random = new RandomStream(6, "damage", 0);
    const weights = (await own.beside(shard))!;
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = round % 4 ? mutate(random, own.bytes, weights) : own.bytes;
      const damaged = round % 4 ? weights : mutate(random, weights, own.bytes);
      const start = performance.now();
      const error = await errorOf({ bytes, beside: async () => damaged }); // any error but an InputError fails the test
      expect(performance.now() - start).toBeLessThan(5000);
      if (error) refused++;
    }
    expect(refused).toBeGreaterThan(1000);
  });

  it("at every length of a model.json that is cut", async () => {
    for (let length = 1; length < own.bytes.length; length += 1 + (length % 7)) {
      const error = await errorOf({ ...own, bytes: own.bytes.subarray(0, length) });
      expect([length, error?.code]).toEqual([length, "model.damaged"]);
    }
  });
});

describe("quantised weights", () => {
  const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i * 41) % 256);
  const specs: io.WeightsManifestEntry[] = [
    {
      name: "a/kernel",
      shape: [3, 2],
      dtype: "float32",
      quantization: { dtype: "uint8", scale: 0.013, min: -1.5 },
    },
    { name: "a/bias", shape: [2], dtype: "float32", quantization: { dtype: "uint16", scale: 1e-4, min: 2 } },
    { name: "b/kernel", shape: [], dtype: "float32" },
    { name: "b/bias", shape: [2, 11], dtype: "float32", quantization: { dtype: "float16" } },
    { name: "iterations", shape: [1], dtype: "int32", quantization: { dtype: "uint16", scale: 1, min: 0 } },
  ];

  it("are what TensorFlow.js makes of them, to the bit", async () => {
    const weightsManifest = [{ paths: ["0", "1"], weights: specs }];
    const source = {
      bytes: encode({ modelTopology: null, weightsManifest }),
      beside: async (name: string) => (name === "0" ? bytes.subarray(0, 7) : bytes.subarray(7)),
    };
    const read = await readWeightsFile(source);
    if (isWholeModel(read)) throw new Error("Expected weights alone");
    const theirs = io.decodeWeights(bytes.buffer, specs);
    expect(read.weights.map(({ layer, name }) => `${layer}/${name}`)).toEqual(
      specs.slice(0, 4).map(({ name }) => name),
    );
    expect(read.weights.map(({ shape }) => shape)).toEqual([[3, 2], [2], [], [2, 11]]);
    for (const { layer, name, values } of read.weights)
      expect(values).toEqual(theirs[`${layer}/${name}`].dataSync());
    expect((await errorOf(source))?.code).toBe("model.only-weights");
  });
});

describe("a Teachable Machine model", () => {
  const { userDefinedMetadata: __, ...plain } = json;
  const labels = ["happy", "sad"];
  const beside = (metadata: unknown) => async (name: string) =>
    name === "metadata.json" ? encode(metadata) : own.beside(name);
  const bytes = encode(plain);

  it("has its labels and its preprocessing", async () => {
    const read = await readModelFile({ bytes, beside: beside({ tmVersion: "1.1.0", labels }) });
    expect(read.classes).toEqual(labels);
    expect(read.preprocessing).toMatchObject({
      height: 8,
      width: 8,
      resize: "crop",
      scale: 1 / 127,
      offset: -1,
    });
  });

  it.each([
    { labels },
    { tmVersion: "1", labels: 3 },
  ])("is not seen in another metadata.json: %j", async (metadata) => {
    const read = await readModelFile({ bytes, beside: beside(metadata) });
    expect([read.classes, read.preprocessing]).toEqual([undefined, undefined]);
  });
});
