import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ModelDescription, WeightRecord } from "../../../src/core/description.ts";
import { layerDefinitions } from "../../../src/core/layers/table.ts";
import { preprocessingSchema } from "../../../src/data/preprocessing.ts";
import { permuted } from "../../../src/formats/onnx/graph.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";

/**
 * `<name>.onnx` are the files that tests/interop/onnx_model.* has had checked by ONNX and run by ONNX Runtime. Where these bytes
 * change on purpose, run that first, then put the new files in their place.
 */
const folder = new URL("../../fixtures/onnx/", import.meta.url);
interface Network {
  readonly description: ModelDescription;
  readonly weights: readonly (Omit<WeightRecord, "values"> & { readonly values: number[] })[];
}
const networks: Record<string, Network> = JSON.parse(readFileSync(new URL("networks.json", folder), "utf8"));

function network(name: string): SavedModel {
  const { description, weights } = networks[name]!;
  const floats = weights.map((weight) => ({ ...weight, values: Float32Array.from(weight.values) }));
  return { description, weights: floats, classes: ["ä", "b"] };
}

describe("an ONNX file", () => {
  it.each(Object.keys(networks))("of the network %s is the one that ONNX Runtime ran", (name) => {
    const expected = readFileSync(new URL(`${name}.onnx`, folder));
    expect(Buffer.compare(writeOnnx(network(name)), expected)).toBe(0);
  });

  it("has been tried with every layer there is", () => {
    const tried = Object.values(networks).flatMap(({ description }) =>
      description.layers.map((layer) => layer.className),
    );
    expect([...layerDefinitions.keys()].filter((name) => !tried.includes(name))).toEqual([]);
  });

  it("carries class names and preprocessing, and the operator set that was asked for", () => {
    const preprocessing = { height: 12, width: 12 };
    const text = Buffer.from(writeOnnx({ ...network("branches"), preprocessing }, { opset: 17 })).toString();
    expect(text).toContain('classes\u0012\n["ä","b"]');
    expect(text).toContain(JSON.stringify(preprocessing));
    expect(writeOnnx(network("branches"), { opset: 17 })).not.toEqual(writeOnnx(network("branches")));
  });

  it("takes photos of any size where it is told to, and then needs a newer operator set", () => {
    const photos = preprocessingSchema.parse({ height: 12, width: 12 });
    const text = Buffer.from(writeOnnx(network("branches"), { photos })).toString();
    for (const part of ["photos/resized", "half_pixel", "height", "width"]) expect(text).toContain(part);
    expect(text).not.toContain("images");
    expect(() => writeOnnx(network("branches"), { photos, opset: 17 })).toThrow(
      expect.objectContaining({ code: "export.bad-opset", message: expect.stringContaining("at least 18") }),
    );
  });

  it.each([12, 27, 17.5])("of operator set %d is refused", (opset) => {
    expect(() => writeOnnx(network("branches"), { opset })).toThrow(
      expect.objectContaining({ code: "export.bad-opset", message: expect.stringContaining("13 to 26") }),
    );
  });
});

it("axes are put in another order", () => {
  const values = Float32Array.from({ length: 24 }, (_, i) => i);
  const [a, b, c] = [2, 3, 4];
  const result = permuted(values, [a, b, c], [2, 0, 1]);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++) expect(result[(k * a + i) * b + j]).toBe(values[(i * b + j) * c + k]);
});
