import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { alone, sourceOf } from "../../../src/formats/model-files.ts";
import { modelFormats, readModelFile } from "../../../src/formats/table.ts";
import { describeEachBackend } from "../../support/each-backend.ts";
import { firstDifference } from "../../support/keras-fixture.ts";
import { predictWith } from "../predict-with.ts";

/** Written by Keras: tests/fixtures/formats/elsewhere.py. */
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../fixtures/formats/${name}`, import.meta.url)));
const read = (ending: string) => readModelFile(alone(fixture(`elsewhere.${ending}`)));
const golden = JSON.parse(new TextDecoder().decode(fixture("elsewhere.json")));
const images = Float32Array.from(golden.images);

describeEachBackend("a network of the layers that models from elsewhere have", (backend) => {
  it.each(["keras", "h5"])("predicts as Keras does, from its .%s", async (ending) => {
    const predictions = await predictWith(backend, await read(ending), images);
    const tolerance = { relative: 0, absolute: 1e-6 };
    expect(firstDifference(predictions, Float32Array.from(golden.predictions), tolerance)).toBeUndefined();
  });
});

describe.each(["keras", "h5"])("its .%s", (ending) => {
  it.each(["keras", "h5"])("comes back from a .%s of ours to the same bits", async (name) => {
    const { description, weights } = await read(ending);
    const format = modelFormats.find((one) => one.name === name)!;
    const again = await readModelFile(await sourceOf(await format.write({ description, weights }, {})));
    expect(again.weights).toEqual(weights);
    expect(again.description.layers).toEqual(description.layers);
  });
});
