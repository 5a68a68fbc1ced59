import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import type { LayerDescription } from "../../../src/core/description.ts";
import { buildModel } from "../../../src/core/model.ts";
import { Session } from "../../../src/core/session.ts";
import { preparePixels } from "../../../src/data/prepare.ts";
import { type Preprocessing, preprocessingSchema } from "../../../src/data/preprocessing.ts";
import {
  readKerasArchive,
  readKerasArchiveConfig,
  writeKerasArchive,
} from "../../../src/formats/keras/archive.ts";
import { readKerasH5, readKerasH5Config, writeKerasH5 } from "../../../src/formats/keras/h5.ts";
import { fromModelConfig } from "../../../src/formats/keras/model-config.ts";
import { alone, sourceOf } from "../../../src/formats/model-files.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";
import { readTfjs } from "../../../src/formats/tfjs/read.ts";
import { matchWeights } from "../../../src/tasks/classifier.ts";
import { fixtureBytes, fixtureJson, smallModel } from "./fixtures.ts";

/** What `tests/fixtures/formats/photo_layers.py` had Keras predict. */
const { photos, predictions } = fixtureJson("photo-layers.json") as {
  readonly photos: readonly { readonly height: number; readonly width: number; readonly pixels: number[] }[];
  readonly predictions: Readonly<Record<string, readonly (readonly number[])[]>>;
};

describe("a model of Keras that prepares photos itself", () => {
  it.each([
    [
      "photo-functional.keras",
      { height: 12, width: 10, resize: "crop", interpolation: "bicubic", offset: -1 },
    ],
    ["photo-nested.keras", { height: 10, width: 12, interpolation: "nearest", scale: 1 / 255 }],
    ["photo-sequential-3.h5", { height: 11, width: 11, scale: 1, offset: 0 }],
    ["photo-sequential-2.h5", { height: 11, width: 11, scale: 1, offset: 0 }],
  ])("%s is read with its layers as the rule, and predicts the same from photos", async (name, rule) => {
    const bytes = fixtureBytes(name);
    const saved = await (name.endsWith(".h5") ? readKerasH5(bytes) : readKerasArchive(bytes));
    expect(saved.preprocessing).toMatchObject(rule);
    const preprocessing = preprocessingSchema.parse(saved.preprocessing);
    const model = buildModel(saved.description);
    expect(model.layers.some(({ definition }) => definition.className === "Rescaling")).toBe(false);
    const session = new Session(referenceBackend, model);
    session.weights = matchWeights(model, saved.weights);
    for (const [i, { pixels, ...size }] of photos.entries()) {
      const prepared = new Float32Array(preprocessing.height * preprocessing.width * 3);
      preparePixels({ ...size, channels: 3, pixels: Uint8Array.from(pixels) }, preprocessing, prepared);
      const found = await session.predict(prepared);
      const worst = Math.max(...found.map((value, j) => Math.abs(value - predictions[name]![i]![j]!)));
      expect(worst).toBeLessThan(1e-5);
    }
  });
});

const rule = (other: Partial<Preprocessing> = {}) =>
  preprocessingSchema.parse({ height: 8, width: 8, ...other });

/** Both ways to write a model and to read it again. */
const formats = [
  ["keras", (model: SavedModel, photos: Preprocessing) => writeKerasArchive(model, photos)],
  [
    "h5",
    async (model: SavedModel, photos: Preprocessing) =>
      (await sourceOf({ pieces: writeKerasH5(model, photos) })).bytes,
  ],
] as const;
const readBy = { keras: readKerasArchive, h5: readKerasH5 };
const configBy = { keras: readKerasArchiveConfig, h5: readKerasH5Config };

describe.each(formats)("a .%s with photos as its input", (format, write) => {
  it("says how they are prepared in layers, and is read as it was", async () => {
    const preprocessing = rule({ resize: "crop", interpolation: "lanczos3", scale: 1 / 127.5, offset: -1 });
    const model = { ...smallModel(), preprocessing };
    const bytes = await write(model, preprocessing);
    const { config } = (await configBy[format](bytes)) as { config: { layers: { config: object }[] } };
    expect(config.layers.slice(0, 3)).toMatchObject([
      { class_name: "InputLayer", config: { batch_input_shape: [null, null, null, 3] } },
      { class_name: "Resizing", config: { height: 8, width: 8, crop_to_aspect_ratio: true } },
      { class_name: "Rescaling", config: { scale: 1 / 127.5, offset: -1 } },
    ]);
    expect(config.layers[1]!.config).not.toHaveProperty("antialias"); // which older versions of Keras 3 refuse
    expect(await readBy[format](bytes)).toEqual(model);
  });

  it("keeps a graph in which layers ask for the input", async () => {
    const layer = (className: string, name: string, config: object, inputs?: string[]): LayerDescription => ({
      className,
      name,
      config: { ...config },
      ...(inputs && { inputs }),
    });
    const layers = [
      layer("Rescaling", "rescaling", { scale: 2, offset: 0 }),
      layer("Add", "add", {}, ["rescaling", "photo"]),
      layer("GlobalAveragePooling2D", "resizing", {}),
    ];
    const description = { name: "graph", inputShape: [8, 8, 3] as const, inputName: "photo", layers };
    const read = await readBy[format](await write({ description, weights: [] }, rule()));
    const [first, second, third] = read.description.layers;
    const inputName = read.description.inputName!;
    expect([first, third]).toEqual([layers[0], layers[2]]);
    expect(second).toEqual({ ...layers[1], inputs: ["rescaling", inputName] });
    expect(buildModel(read.description).outputShape).toEqual([3]);
    expect(preprocessingSchema.parse(read.preprocessing)).toEqual(rule());
  });

  it.each([
    [{ resize: "pad" }, "resize stretch or crop"],
    [{ colorMode: "grayscale" }, "colorMode rgb"],
    [{ decode: "fast" }, "decode exact"],
  ] as const)("is refused where no layer does the same: %j", async (other, text) => {
    await expect(async () => write(smallModel(), rule(other))).rejects.toMatchObject({
      code: "export.no-equal",
      message: expect.stringContaining(text),
    });
  });
});

it("antialiasing is for Keras 3 alone", async () => {
  const preprocessing = rule({ antialias: true });
  const model = { ...smallModel(), preprocessing };
  expect(await readKerasArchive(await writeKerasArchive(model, preprocessing))).toEqual(model);
  expect(() => writeKerasH5(model, preprocessing)).toThrow(
    expect.objectContaining({ code: "export.no-equal", message: expect.stringContaining("antialias false") }),
  );
});

describe("layers in front of a model", () => {
  const head = [
    { class_name: "Flatten", config: { name: "flatten" } },
    { class_name: "Dense", config: { name: "dense", units: 2 } },
  ];
  const input = { batch_input_shape: [null, null, null, 3], name: "input", dtype: "float32" };
  const read = (front: readonly object[], inputConfig: object = input) =>
    fromModelConfig(
      {
        class_name: "Sequential",
        config: { layers: [{ class_name: "InputLayer", config: inputConfig }, ...front, ...head] },
      },
      "model_config",
    );
  const resizing = (config: object = {}, class_name = "Resizing") => ({
    class_name,
    config: { name: "resizing", height: 5, width: 4, ...config },
  });
  const rescaling = (config: object = {}, class_name = "Rescaling") => ({
    class_name,
    config: { name: "rescaling", scale: 0.5, offset: 0, ...config },
  });

  it.each([
    ["under the names of Keras before 2.6", "experimental.preprocessing."],
    ["as some versions registered them", "keras.layers.experimental.preprocessing>"],
    ["as they are", ""],
  ])("are a rule %s", (_, prefix) => {
    const { description, preprocessing } = read([
      resizing({}, `${prefix}Resizing`),
      rescaling({}, `${prefix}Rescaling`),
    ]);
    expect(preprocessing).toMatchObject({ height: 5, width: 4, scale: 0.5 });
    expect(description.inputShape).toEqual([5, 4, 3]);
    expect(description.layers.map(({ className }) => className)).toEqual(["Flatten", "Dense"]);
  });

  it("stay layers where the input has a size, or each channel is scaled by itself", () => {
    const fixed = read([rescaling()], { ...input, batch_input_shape: [null, 5, 4, 3] });
    expect(fixed.preprocessing).toBeUndefined();
    expect(fixed.description.layers[0]!.className).toBe("Rescaling");
    const perChannel = read([resizing(), rescaling({ scale: [1, 2, 3] })]);
    expect(perChannel.preprocessing).toMatchObject({ scale: 1, offset: 0 });
    expect(perChannel.description.layers[0]!.className).toBe("Rescaling");
  });

  it.each([
    ["padding", [resizing({ pad_to_aspect_ratio: true })], "pad_to_aspect_ratio"],
    ["another interpolation", [resizing({ interpolation: "gaussian" })], 'by "gaussian"'],
    ["no size", [resizing({ height: null })], "Resizing to nothing"],
    [
      "another layer in front",
      [{ class_name: "CenterCrop", config: { name: "crop" } }, resizing()],
      "Resizing in front",
    ],
    ["none of them", [rescaling()], "Resizing in front"],
  ])("are refused with %s", (_, front, text) => {
    expect(() => read(front)).toThrow(
      expect.objectContaining({ code: "model.unsupported", message: expect.stringContaining(text) }),
    );
  });

  it("are refused where Keras 3 rounds between them", () => {
    const bytes = { batch_shape: [null, null, null, 3], dtype: "uint8", name: "input" };
    expect(() => read([resizing(), rescaling()], bytes)).toThrow(
      expect.objectContaining({
        code: "model.unsupported",
        message: expect.stringContaining("input of uint8"),
      }),
    );
  });

  it("are refused in a file of TensorFlow.js, which aligns corners", async () => {
    const layers = [{ class_name: "InputLayer", config: input }, resizing(), ...head];
    const json = {
      modelTopology: { class_name: "Sequential", config: { name: "photos", layers } },
      weightsManifest: [],
    };
    const bytes = new TextEncoder().encode(JSON.stringify(json));
    await expect(readTfjs(alone(bytes))).rejects.toMatchObject({
      code: "model.unsupported",
      message: expect.stringContaining("aligns corners"),
    });
  });
});
