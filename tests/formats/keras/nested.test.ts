import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import { readKerasArchive } from "../../../src/formats/keras/archive.ts";
import { readKerasH5 } from "../../../src/formats/keras/h5.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { predictWith } from "../predict-with.ts";

/** Models with models among their layers, as Keras wrote them (tests/fixtures/formats/nested/make.py). */

const folder = new URL("../../fixtures/formats/nested/", import.meta.url);
const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));
const { images, predictions } = JSON.parse(readFileSync(new URL("nested.json", folder), "utf8"));

/** Rounding alone: sums of at most 36 products. */
const TOLERANCE = 1e-5;

const read = (name: string): Promise<SavedModel> =>
  name.endsWith(".keras") ? readKerasArchive(bytesOf(name)) : readKerasH5(bytesOf(name));

const kinds = ["transfer", "tuned", "twins", "machine"];
const files = kinds.flatMap((kind) => [`keras3-${kind}.h5`, `keras3-${kind}.keras`, `keras2-${kind}.h5`]);

describe("a model with models among its layers", () => {
  it.each(files)("%s predicts what Keras predicts", async (file) => {
    const found = await predictWith(referenceBackend, await read(file), Float32Array.from(images));
    const expected: number[] = predictions[file.slice(0, file.indexOf("."))];
    expect(found).toHaveLength(expected.length);
    expected.forEach((value, i) => {
      expect(Math.abs(found[i] - value)).toBeLessThan(TOLERANCE);
    });
  });

  it("is one flat list of layers, which keep their names where these are free", async () => {
    const { description } = await read("keras3-transfer.h5");
    expect(description.layers.map(({ name }) => name)).toEqual(
      ["stem", "norm", "act", "deep", "deep_norm", "sum"].concat([
        "global_average_pooling2d",
        "dropout",
        "dense",
      ]),
    );
    expect(description.layers[5].inputs).toEqual(["deep_norm", "act"]);
    const twins = (await read("keras3-twins.keras")).description;
    const stems = twins.layers.filter(({ name }) => name.endsWith("stem"));
    expect(stems.map(({ name }) => name)).toEqual(["stem", "right_stem"]);
  });

  it("stays frozen where the model around the layer is", async () => {
    const { description } = await read("keras3-transfer.keras");
    const frozen = description.layers.filter(({ config }) => config.trainable === false);
    expect(frozen.map(({ name }) => name)).toEqual(["stem", "norm", "act", "deep", "deep_norm", "sum"]);
  });
});
