import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arithmeticLayer } from "../../../src/formats/keras/arithmetic.ts";
import { alone, sourceOf } from "../../../src/formats/model-files.ts";
import { modelFormats, readModelFile } from "../../../src/formats/table.ts";
import { describeEachBackend } from "../../support/each-backend.ts";
import { firstDifference } from "../../support/keras-fixture.ts";
import { predictWith } from "../predict-with.ts";

/** Written by Keras 3 and Keras 2: tests/fixtures/formats/arithmetic.py. */
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/formats/${name}`, import.meta.url)));
const read = (name: string) => readModelFile(alone(fixture(name)));
const golden = JSON.parse(new TextDecoder().decode(fixture("arithmetic.json")));
const images = Float32Array.from(golden.images);
const files: [string, number][] = [
  ["arithmetic.keras", 3],
  ["arithmetic-3.h5", 3],
  ["arithmetic-2.h5", 2],
];

describeEachBackend("a network with arithmetic between its layers", (backend) => {
  it.each(files)("predicts from %s as Keras %i does", async (file, version) => {
    const predictions = await predictWith(backend, await read(file), images);
    const expected = Float32Array.from(golden[`predictions${version}`]);
    const tolerance = { relative: 0, absolute: 1e-6 };
    expect(firstDifference(predictions, expected, tolerance)).toBeUndefined();
  });
});

describe("a network with arithmetic between its layers", () => {
  it.each(["keras", "h5", "onnx", "safetensors"])("is written as %s and comes back", async (name) => {
    const { description, weights } = await read("arithmetic.keras");
    const format = modelFormats.find((one) => one.name === name)!;
    const again = await readModelFile(await sourceOf(await format.write({ description, weights }, {})));
    expect(again.weights.map(({ values }) => values)).toEqual(weights.map(({ values }) => values));
  });
});

const tensor = (name: string) => ({
  class_name: "__keras_tensor__",
  config: { keras_history: [name, 0, 0] },
});
const called = (...args: unknown[]) => ({ args, kwargs: {} });
const layer = (className: string, settings = {}) => ({
  class_name: className,
  config: { name: "op", ...settings },
});

describe("arithmeticLayer", () => {
  it("leaves layers alone, those of the same name too", () => {
    expect(arithmeticLayer(layer("Add"), called([tensor("a"), tensor("b")]))).toBeUndefined();
    expect(
      arithmeticLayer(layer("Add"), [
        ["a", 0, 0, {}],
        ["b", 0, 0, {}],
      ]),
    ).toBeUndefined();
    expect(arithmeticLayer(layer("ReLU"), called(tensor("a")))).toBeUndefined();
    expect(
      arithmeticLayer(layer("TFOpLambda", { function: "math.pow" }), ["a", 0, 0, { y: 2 }]),
    ).toBeUndefined();
  });

  it.each([
    ["a number divided by it", layer("TrueDivide"), called(2, tensor("a"))],
    ["an array", layer("Multiply"), called(tensor("a"), { class_name: "__numpy__", config: {} })],
    ["one over another", layer("TrueDivide"), called(tensor("a"), tensor("b"))],
    ["Keras 2's array", layer("TFOpLambda", { function: "math.multiply" }), ["a", 0, 0, { y: [1, 2] }]],
  ])("refuses %s by the layer's name", (_what, one, node) => {
    expect(() => arithmeticLayer(one, node)).toThrow(
      expect.objectContaining({ code: "model.unsupported", message: expect.stringContaining('layer "op"') }),
    );
  });
});
