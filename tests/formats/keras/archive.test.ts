import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import { binaryCrossentropy } from "../../../src/core/losses.ts";
import { buildModel } from "../../../src/core/model.ts";
import { createOptimizer } from "../../../src/core/optimizers/table.ts";
import { Session } from "../../../src/core/session.ts";
import { readKerasArchive, writeKerasArchive } from "../../../src/formats/keras/archive.ts";
import { readZip, writeZip } from "../../../src/formats/zip.ts";
import { InputError } from "../../../src/util/errors.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { expectSameBits, fixtureBytes, fixtureImages, kerasArchive, smallModel } from "./fixtures.ts";

describe("a model that is written and read", () => {
  it("comes back whole and to the same bits", async () => {
    const model = smallModel();
    const read = await readKerasArchive(await writeKerasArchive(model));
    expect(read).toEqual(model);
    expectSameBits(read, model);
  });

  it("does without all that is optional", async () => {
    const { description, weights } = smallModel();
    const read = await readKerasArchive(await writeKerasArchive({ description, weights }));
    expect(read).toEqual({ description, weights });
  });

  it("is the same file each time", async () => {
    const [first, second] = [await writeKerasArchive(smallModel()), await writeKerasArchive(smallModel())];
    expect(Buffer.compare(first, second)).toBe(0);
  });

  it("keeps where layers branch and join, and layers of one class apart", async () => {
    const { description, weights } = await readKerasArchive(fixtureBytes("keras3-residual.keras"));
    const twice = { description, weights };
    const written = await writeKerasArchive(twice);
    expect(await readKerasArchive(written)).toEqual(twice);
    const [config] = (await readZip(written, ["config.json"])).values();
    const { module, class_name } = JSON.parse(new TextDecoder().decode(config));
    expect(`${module}.${class_name}`).toBe("keras.Model"); // keras.Functional is not to be found
  });
});

describe.each([
  ["adam", "Adam", ["momentum", "velocity"]],
  ["residual", "SGD", ["momentum"]],
])("keras3-%s.keras, which Keras wrote", (name, optimizerName, slotNames) => {
  const expected = kerasArchive(name);
  const bytes = fixtureBytes(`keras3-${name}.keras`);

  it("gives the weights", async () => {
    const { weights } = await readKerasArchive(bytes);
    expect(weights.map((weight) => [weight.name, weight.values])).toEqual(
      expected.weights.map(([weightName, values]) => [weightName, Float32Array.from(values)]),
    );
  });

  it("gives the optimizer's state", async () => {
    const { optimizer, weights } = await readKerasArchive(bytes);
    const [iterations, [rate], ...slots] = expected.optimizer;
    expect(optimizer).toMatchObject({ className: optimizerName, iterations: iterations[0] });
    expect(optimizer?.config.learningRate).toBeCloseTo(rate, 7);
    const trained = weights.filter((weight) => !weight.name.startsWith("moving"));
    expect(optimizer?.slots.map(({ slot, weight }) => [weight.layer, weight.name, slot])).toEqual(
      trained.flatMap((weight) => slotNames.map((slot) => [weight.layer, weight.name, slot])),
    );
    expect(optimizer?.slots.map(({ weight }) => weight.values)).toEqual(
      slots.map((values) => Float32Array.from(values)),
    );
  });

  it("gives what it was compiled with", async () => {
    const { compile } = await readKerasArchive(bytes);
    const loss = name === "adam" ? "binary_crossentropy" : "sparse_categorical_crossentropy";
    expect(compile).toMatchObject({ loss, metrics: ["accuracy"], optimizer: { className: optimizerName } });
  });

  it("predicts the same", async () => {
    const { description, weights } = await readKerasArchive(bytes);
    const optimizer = createOptimizer("SGD");
    const session = new Session(referenceBackend, buildModel(description), {
      loss: binaryCrossentropy,
      optimizer,
    });
    session.weights = weights.map(({ values }) => values);
    const predictions = await session.predict(fixtureImages());
    expect(predictions.length).toBe(expected.predictions.length);
    expected.predictions.forEach((value, i) => {
      expect(predictions[i]).toBeCloseTo(value, 6);
    });
  });
});

async function codeOf(bytes: Uint8Array): Promise<string | undefined> {
  try {
    await readKerasArchive(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error.code;
    throw error;
  }
}

const text = (content: string) => [content];

describe("what is not a sound model is refused", () => {
  it.each([
    ["a zip of other things", { "a.txt": text("a") }, "model.no-model"],
    ["no weights", { "config.json": text("{}") }, "model.damaged"],
    ["broken JSON", { "config.json": text("{"), "model.weights.h5": text("") }, "model.damaged"],
    [
      "weights that are no HDF5",
      { "config.json": text("{}"), "model.weights.h5": text("no") },
      "model.not-hdf5",
    ],
  ])("%s", async (_, parts, code) => {
    expect(await codeOf(await writeZip(new Map(Object.entries(parts))))).toBe(code);
  });

  it("a layer without its weights, by name", async () => {
    const { description, weights } = smallModel();
    const bytes = await writeKerasArchive({ description, weights: weights.slice(0, 3) });
    await expect(readKerasArchive(bytes)).rejects.toMatchObject({
      code: "model.damaged",
      message: expect.stringContaining('bias of layer "dense"'),
    });
  });

  it("a part that says it unpacks to far more than it is", async () => {
    const bytes = fixtureBytes("keras3-adam.keras");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const central = 0x02014b50;
    for (let at = 0; at + 46 < bytes.length; at++) {
      if (view.getUint32(at, true) === central) view.setUint32(at + 24, 0x7fffffff, true); // the unpacked size
    }
    await expect(readKerasArchive(bytes)).rejects.toMatchObject({
      code: "model.damaged",
      message: expect.stringContaining("unpacks to 2147483647"),
    });
  });

  it("any cut", async () => {
    const bytes = fixtureBytes("keras3-adam.keras");
    for (let length = 2; length < bytes.length; length += 1 + (length % 509)) {
      expect([length, await codeOf(bytes.subarray(0, length))]).toEqual([length, "model.damaged"]);
    }
  });

  it("a flipped bit in the weights, which their checksum tells", async () => {
    const bytes = fixtureBytes("keras3-adam.keras");
    const weights = (await readZip(bytes, ["model.weights.h5"])).get("model.weights.h5")!;
    const start = Buffer.from(bytes).indexOf(weights);
    bytes[start + weights.length - 100] ^= 4;
    expect(await codeOf(bytes)).toBe("model.damaged");
  });

  it("and never with anything but a refusal", async () => {
    const random = new RandomStream(1, "damage", 0);
    const below = (limit: number) => Math.floor(random.next() * limit);
    for (let round = 0; round < 150; round++) {
      const bytes = fixtureBytes(round % 2 ? "keras3-adam.keras" : "keras3-residual.keras");
      for (let i = below(6); i >= 0; i--) bytes[below(bytes.length)] = [0, 255, below(256)][below(3)];
      await codeOf(bytes); // any error but an InputError fails the test
    }
  });
});
