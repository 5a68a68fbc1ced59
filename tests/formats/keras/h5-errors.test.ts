import { describe, expect, it, vi } from "vitest";
import { writeTexts } from "../../../src/formats/hdf5/tree.ts";
import { readKerasH5, writeKerasH5 } from "../../../src/formats/keras/h5.ts";
import { InputError } from "../../../src/util/errors.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { joined, libraryFile, plainFile } from "../hdf5/written.ts";
import { fixtureBytes, smallModel } from "./fixtures.ts";

async function errorOf(bytes: Uint8Array): Promise<InputError | undefined> {
  try {
    await readKerasH5(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

/** A file with the groups of a model, with `config` as its `model_config`. */
async function modelWith(config: unknown, layerNames: string[] = []): Promise<Uint8Array> {
  return plainFile((root) => {
    root.attributes.set("model_config", typeof config === "string" ? config : JSON.stringify(config));
    writeTexts(root.group("model_weights"), "layer_names", layerNames);
  });
}

const weightsAlone = () => plainFile((root) => writeTexts(root, "layer_names", ["a"]));

const input = { class_name: "InputLayer", config: { batch_shape: [null, 4, 4, 3], name: "in" } };
const sequential = (...layers: unknown[]) => ({ class_name: "Sequential", config: { name: "m", layers } });
const layer = (className: string, config: object = {}) => ({
  class_name: className,
  config: { name: "x", ...config },
});

describe("what is not a model is refused", () => {
  const text = (content: string) => new TextEncoder().encode(content);
  it.each([
    ["an empty file", async () => new Uint8Array(0), "model.empty-file"],
    ["text", async () => text("not a model"), "model.not-hdf5"],
    ["a zip file", async () => text("PK\u0003\u0004"), "model.not-hdf5"],
    [
      "HDF5 without a model",
      async () => plainFile((root) => root.attributes.set("title", "t")),
      "model.no-model",
    ],
    ["weights alone", async () => weightsAlone(), "model.no-model"],
    ["broken JSON", () => modelWith('{"class_name": "Sequ'), "model.damaged"],
    ["another JSON", () => modelWith({ class_name: "Sequential", config: { layers: 3 } }), "model.damaged"],
    ["no input shape", () => modelWith(sequential(layer("Flatten"))), "model.unsupported"],
    [
      "numbers for text",
      () => libraryFile((file) => file.create_attribute("model_config", 3)),
      "model.damaged",
    ],
    ["layers without their weights", () => modelWith(sequential(input), ["dense"]), "model.damaged"],
  ])("%s", async (_, make, code) => {
    expect((await errorOf(await make()))?.code).toBe(code);
  });

  it("says that weights alone are no model", async () => {
    expect((await errorOf(weightsAlone()))?.message).toContain("weights without their model");
  });
});

describe("layers that only Python can run are refused by name", () => {
  it.each([
    ["Lambda", layer("Lambda", { function: ["4wE", null, null] }), "Lambda"],
    ["a custom class", layer("My>Layer"), "My>Layer"],
    [
      "a custom object",
      layer("Dense", { activation: { class_name: "f", config: {}, registered_name: "My>f" } }),
      "My>f",
    ],
    ["one in a model inside", sequential(layer("Lambda")), "Lambda"],
    ["channels first", layer("Conv2D", { data_format: "channels_first" }), "channels_first"],
  ])("%s", async (_, unknown, name) => {
    const error = await errorOf(await modelWith(sequential(input, unknown)));
    expect(error?.code).toBe("model.unsupported");
    expect(error?.message).toContain(name);
    expect(error?.message).toContain('"x"');
  });
});

describe("a damaged file", () => {
  it("is named as cut short at every length", async () => {
    const bytes = fixtureBytes("keras3-adam.h5");
    for (let length = 1; length < bytes.length; length += 1 + (length % 211)) {
      expect([length, (await errorOf(bytes.subarray(0, length)))?.code]).toEqual([length, "model.truncated"]);
    }
  });

  it("never crashes the library nor prints, and leaves it fit for the next file", async () => {
    const print = vi.spyOn(console, "error");
    const own = joined(writeKerasH5(smallModel()));
    const random = new RandomStream(1, "damage", 0);
    const below = (limit: number) => Math.floor(random.next() * limit);
    for (const bytes of [own, fixtureBytes("keras2-sgd.h5")]) {
      for (let round = 0; round < 60; round++) {
        const damaged = bytes.slice();
        for (let i = below(6); i >= 0; i--)
          damaged[below(Math.min(bytes.length, 40_000))] = [0, 255, below(256)][below(3)];
        await errorOf(damaged); // any error but an InputError fails the test
      }
    }
    expect(await readKerasH5(own)).toEqual(smallModel());
    expect(print).not.toHaveBeenCalled();
  });

  it("with a text whose length is wrong does not hold the library for ever", async () => {
    const bytes = fixtureBytes("keras3-adam.h5");
    const heap = new TextDecoder("latin1").decode(bytes).indexOf("GCOL");
    bytes[heap + 16 + 8 + 1] = 255; // the second byte of the first text's length
    expect((await errorOf(bytes))?.code).toBe("model.damaged");
  });
});
