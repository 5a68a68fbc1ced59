import { readFileSync } from "node:fs";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { ModelDescription, WeightRecord } from "../../src/core/description.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";
import { alone, sourceOf } from "../../src/formats/model-files.ts";
import { modelFormats } from "../../src/formats/table.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { type Classifier, matchWeights } from "../../src/tasks/classifier.ts";
import { type ExportRequest, exportModel } from "../../src/tasks/export.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { checkParity, PARITY_TOLERANCE } from "../../src/tasks/parity/check-parity.ts";
import { drawImages } from "../../src/tasks/parity/drawn-images.ts";
import type { OtherEngine } from "../../src/tasks/parity/engine.ts";
import { engineFor } from "../../src/tasks/parity/engines.ts";
import type { ParityPhotos } from "../../src/tasks/parity/photos.ts";
import { train } from "../../src/tasks/train.ts";
import { RandomStream } from "../../src/util/random.ts";
import { depthwiseNetwork, residualNetwork } from "../support/networks.ts";
import { drawPhotos, makeScratch, readJson, readModel, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");
const exported = (request: Partial<ExportRequest>, machine: Machine = nodeMachine) =>
  exportModel(machine, { model: run, ...request });

beforeAll(async () => {
  await drawPhotos(photos, 2, 10);
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, epochs: 1 });
});

const drawn = async (): Promise<ParityPhotos> => ({
  origin: "drawn images",
  photos: (async function* () {
    yield* drawImages();
  })(),
  close: async () => {},
});

/** A disk that keeps other numbers than it was given, for the kernel of the last layer. */
const badDisk: Machine = {
  ...nodeMachine,
  stageFile: async (path, content) => {
    const bytes = Buffer.concat([...(content as Iterable<Uint8Array>)]);
    const { values } = (await readModel(run, "model.h5")).weights.at(-2)!;
    const place = bytes.indexOf(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    expect(place).toBeGreaterThan(0);
    for (let i = 0; i < values.length; i++) bytes.writeFloatLE(values[i]! + 0.1, place + 4 * i);
    return nodeMachine.stageFile(path, bytes);
  },
};

describe("a file that another engine has run", () => {
  it.each([
    ["onnx", {}, "ONNX Runtime", "Fovea"],
    ["onnx", { withPreprocessing: true }, "ONNX Runtime", "the file"],
    ["keras", {}, "TensorFlow.js", "Fovea"],
    ["keras", { withPreprocessing: true }, "TensorFlow.js", "Fovea"],
    ["h5", {}, "TensorFlow.js", "Fovea"],
    ["h5", { withPreprocessing: true }, "TensorFlow.js", "Fovea"],
  ])("as %s %j gives the same, on the test photos of the run, and that is kept", async (format, more, name, preparedBy) => {
    const out = join(scratch, `checked.${format}`);
    const { parity, record } = await exported({ out, force: true, ...more });
    expect(parity).toMatchObject({
      status: "passed",
      engine: { name, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
      images: { origin: "test photos", count: 2, preparedBy },
      tolerance: PARITY_TOLERANCE,
    });
    const { largestDifference } = parity as { largestDifference: number };
    expect(largestDifference).toBeLessThan(1e-6);
    const sha256 = await nodeMachine.sha256(new Uint8Array(await readFile(out)));
    expect(record).toBe(`${out}.parity.json`);
    expect(await readJson(scratch, `checked.${format}.parity.json`)).toMatchObject({
      ...parity,
      sha256,
      format,
    });
  });

  it("was asked about the photos that were named", async () => {
    const request = { out: join(scratch, "named.onnx"), photos: [join(photos, "happy")] };
    const { parity } = await exported(request);
    expect(parity).toMatchObject({ status: "passed", images: { origin: "named photos", count: 10 } });
    await writeFile(join(scratch, "none.jpg"), "none");
    const none = { out: join(scratch, "none.onnx"), photos: [join(scratch, "none.jpg")] };
    await expect(exported(none)).rejects.toMatchObject({ code: "export.no-photos" });
    expect(
      (await readdir(scratch)).filter((file) => file.startsWith("none.onnx") || file.endsWith(".tmp")),
    ).toEqual([]);
  });

  it("was asked about drawn images where the photos of the run are gone", async () => {
    await rename(photos, join(scratch, "elsewhere"));
    const { parity } = await exported({ out: join(scratch, "drawn.keras") });
    await rename(join(scratch, "elsewhere"), photos);
    expect(parity).toMatchObject({ status: "passed", images: { origin: "drawn images", count: 8 } });
  });
});

describe("a file that gives something else", () => {
  it.each([
    ["onnx", "on 2 test photos"],
    ["h5", "on 2 test photos"],
    ["keras", "cannot run the file: Expected a sound zip file"], // which knows the sum of its bytes
  ])("is not left as .%s, and what was found is kept", async (format, text) => {
    const out = join(scratch, `bad.${format}`);
    const failure = await exported({ out }, badDisk).catch((error) => error);
    expect(failure).toMatchObject({
      code: "export.differs",
      message: expect.stringContaining(text),
      details: { parity: { status: "failed" }, record: `${out}.parity.json` },
    });
    expect(
      (await readdir(scratch)).filter((file) => /^bad|tmp$/.test(file) && file.includes(format)),
    ).toEqual([`bad.${format}.parity.json`]);
    expect(await readJson(scratch, `bad.${format}.parity.json`)).toMatchObject(failure.details.parity);
  });

  it("leaves the file that it was to replace", async () => {
    const out = join(scratch, "kept.onnx");
    await writeFile(out, "mine");
    await expect(exported({ out, force: true }, badDisk)).rejects.toMatchObject({ code: "export.differs" });
    expect(await readFile(out, "utf8")).toBe("mine");
  });

  it("may be one that the engine cannot open", async () => {
    const request = { source: alone(new Uint8Array(100)), classifier: fromFixture("branches") };
    const parity = await checkParity(nodeMachine, {
      ...request,
      engine: engineFor("onnx")!,
      photos: drawn,
      takesPhotos: false,
    });
    expect(parity).toMatchObject({
      status: "failed",
      largestDifference: null,
      why: expect.stringMatching(/\w/),
    });
  });
});

describe("a file that no engine has run", () => {
  it.each([
    ["says what to install", "ERR_MODULE_NOT_FOUND", '"npm install onnxruntime-web" beside Fovea'],
    ["says why the engine cannot be loaded", "ERR_DLOPEN_FAILED", "cannot be loaded: no such thing"],
  ])("%s", async (_, code, text) => {
    const missing: OtherEngine = {
      ...engineFor("onnx")!,
      load: () => Promise.reject(Object.assign(new Error("no such thing"), { code })),
    };
    const request = { source: alone(new Uint8Array()), classifier: fromFixture("branches"), photos: drawn };
    const parity = await checkParity(nodeMachine, { ...request, engine: missing, takesPhotos: false });
    expect(parity).toEqual({ status: "not checked", why: expect.stringContaining(text) });
  });
});

interface Network {
  readonly description: ModelDescription;
  readonly weights: readonly (Omit<WeightRecord, "values"> & { readonly values: number[] })[];
}
const fixture = new URL("../fixtures/onnx/networks.json", import.meta.url);
const networks: Record<string, Network> = JSON.parse(readFileSync(fixture, "utf8"));

function fromFixture(name: string): Classifier {
  const { description, weights } = networks[name]!;
  return toClassifier(
    description,
    weights.map((weight) => ({ ...weight, values: Float32Array.from(weight.values) })),
  );
}

/** With weights none of which is 0 or 1 throughout. */
function withWeights(description: ModelDescription): Classifier {
  const model = buildModel(description);
  const random = new RandomStream(3, "weights");
  const values = initialWeights(model, 3).map((array) => array.map((value) => value + random.next() / 8));
  return toClassifier(
    description,
    model.weights.map((weight, i) => ({ ...weight, values: values[i]! })),
  );
}

function toClassifier(description: ModelDescription, weights: readonly WeightRecord[]): Classifier {
  const model = buildModel(description);
  const [height, width] = description.inputShape;
  return {
    path: description.name,
    model,
    weights: matchWeights(model, weights),
    preprocessing: preprocessingSchema.parse({ height, width }),
    classNames: [],
    notices: [],
    saved: { description, weights },
  };
}

/** Zeros beside values that are less: what a pool takes there shows in the answer. */
const paddedPool: ModelDescription = {
  name: "padded_pool",
  inputShape: [12, 13, 3],
  layers: [
    { className: "Rescaling", name: "below_zero", config: { scale: 1, offset: -2 } },
    { className: "ZeroPadding2D", name: "zeros", config: { padding: 1 } },
    { className: "MaxPooling2D", name: "pool", config: { poolSize: 3, strides: 2 } },
    { className: "Flatten", name: "flatten", config: {} },
    { className: "Dense", name: "dense", config: { units: 4, activation: "softmax" } },
  ],
};

describe("every layer there is", () => {
  const ofPhotos = Object.keys(networks).filter((name) => networks[name]!.description.inputShape[2] === 3);
  const classifiers: Readonly<Record<string, Classifier>> = {
    ...Object.fromEntries(ofPhotos.map((name) => [name, fromFixture(name)])),
    residual: withWeights(residualNetwork([32, 29, 3], 4)),
    depthwise: withWeights(depthwiseNetwork([34, 37, 3], 4)),
    "padded pool": withWeights(paddedPool),
  };
  const formats = modelFormats.filter(({ name }) => engineFor(name));
  const cases = Object.keys(classifiers).flatMap((name) =>
    formats.map((format) => [name, format.name, format] as const),
  );
  /** What TensorFlow.js has not. */
  const lacking: Readonly<Record<string, string>> = {
    activations: "the activation leaky_relu",
    merges: "a Normalization layer",
    pixels: "groups 3",
  };
  it.each(cases)("%s as %s", async (name, formatName, format) => {
    const classifier = classifiers[name]!;
    const lacks = lacking[name];
    if (formatName === "tfjs" && lacks) {
      const refusal = { code: "export.no-equal", message: expect.stringContaining(lacks) };
      await expect(format.write(classifier.saved, {})).rejects.toMatchObject(refusal);
      return;
    }
    const source = await sourceOf(await format.write(classifier.saved, {}));
    const engine = engineFor(formatName)!;
    const parity = await checkParity(nodeMachine, {
      source,
      classifier,
      engine,
      photos: drawn,
      takesPhotos: false,
    });
    const passed = { status: "passed", images: { origin: "drawn images", count: 8 } };
    const why = expect.stringMatching(new RegExp(`^TensorFlow.js \\S+ cannot run it: .* ${lacks} in`));
    const notChecked = engine.name === "TensorFlow.js" && lacks;
    expect(parity).toMatchObject(notChecked ? { status: "not checked", why } : passed);
  });
});
