import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { buildModel } from "../../src/core/model.ts";
import { describeNetwork } from "../../src/core/networks/table.ts";
import { alone } from "../../src/formats/model-files.ts";
import { readModelFile, readWeightsFile } from "../../src/formats/table.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { loadClassifier } from "../../src/tasks/classifier.ts";
import { exportModel } from "../../src/tasks/export.ts";
import { type ImportRequest, importModel } from "../../src/tasks/import.ts";
import { predict } from "../../src/tasks/predict.ts";
import { putWeights } from "../../src/tasks/put-weights.ts";
import { train } from "../../src/tasks/train.ts";
import { fixtureBytes } from "../formats/keras/fixtures.ts";
import { drawPhotos, makeScratch, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");
const imported = (request: ImportRequest) => importModel(nodeMachine, request);

async function predictions(model: string) {
  const result = await predict(nodeMachine, { model, photos: [join(photos, "happy")] });
  return result.predictions.map((each) => ("probabilities" in each ? each.probabilities : each));
}

/** Weights alone as safetensors: arrays by name, of these shapes, counted from 0. */
async function tensors(path: string, shapes: Readonly<Record<string, readonly number[]>>): Promise<string> {
  let end = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const begin = end;
    end += 4 * shape.reduce((product, side) => product * side, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [begin, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const values = Float32Array.from({ length: end / 4 }, (_, i) => Math.sin(i));
  await writeFile(path, Buffer.concat([length, text, Buffer.from(values.buffer)]));
  return path;
}

beforeAll(async () => {
  await drawPhotos(photos, 2, 10);
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, epochs: 1 });
});

describe("weights alone", () => {
  it("written as .weights.h5 and put into the network of their run, predict to the same bit", async () => {
    const { path, format, readBack } = await exportModel(nodeMachine, {
      model: run,
      out: join(scratch, "a.weights.h5"),
    });
    expect([format, readBack]).toEqual(["weights.h5", true]);
    await expect(predictions(path)).rejects.toMatchObject({ code: "model.only-weights" });
    const { folder, classes, notices } = await imported({
      file: path,
      network: run,
      out: join(scratch, "back"),
    });
    expect([classes, notices]).toEqual([["happy", "sad"], []]);
    expect(await predictions(folder)).toEqual(await predictions(run));
  });

  it("go into a network by its name, as many classes as are named", async () => {
    const { path } = await exportModel(nodeMachine, { model: run, format: "weights.h5" });
    const { model } = await loadClassifier(nodeMachine, run);
    const request = {
      file: path,
      network: "report",
      imageSize: model.description.inputShape[0],
      out: join(scratch, "named"),
    };
    const { folder, classes } = await imported({ ...request, classes: "happy,sad" });
    expect(classes).toEqual(["happy", "sad"]);
    const weights = async (of: string) => (await loadClassifier(nodeMachine, of)).weights;
    expect(await weights(folder)).toEqual(await weights(run));
  });

  it("of a network whose weights are published take photos as those do, unless told", async () => {
    const { weights } = buildModel(describeNetwork("mobilenet-v1-0.25", [32, 32, 3], 5));
    const shapes = Object.fromEntries(weights.map(({ layer, name, shape }) => [`${layer}/${name}`, shape]));
    const file = await tensors(join(scratch, "mobilenet.safetensors"), shapes);
    const request = { file, network: "mobilenet-v1-0.25" };
    const plain = await imported({ ...request, out: join(scratch, "published") });
    expect(plain.classes).toHaveLength(5);
    expect(plain.notices.join()).toContain("224x224 and bytes as -1..1");
    const { preprocessing } = await loadClassifier(nodeMachine, plain.folder);
    expect(preprocessing).toMatchObject({ height: 224, width: 224, scale: 2 / 255, offset: -1 });
    const told = await imported({ ...request, imageSize: 64, range: "0..1", out: join(scratch, "told") });
    const other = await loadClassifier(nodeMachine, told.folder);
    expect(other.preprocessing).toMatchObject({ height: 64, width: 64, scale: 1 / 255, offset: 0 });
  });

  it("of other names are taken in their order, which is said", async () => {
    const { model } = await loadClassifier(nodeMachine, run);
    const shapes = Object.fromEntries(
      model.weights.map(({ shape }, i) => [`array.${String(i).padStart(2, "0")}`, shape]),
    );
    const file = await tensors(join(scratch, "order.safetensors"), shapes);
    const { notices } = await imported({ file, network: run, out: join(scratch, "order") });
    expect(notices[0]).toContain("taken in their order");
  });

  it("by names with paths around them, whatever is left over, which is said", async () => {
    const { model } = await loadClassifier(nodeMachine, run);
    const shapes = Object.fromEntries(
      model.weights.map(({ layer, name, shape }) => [`report/${layer}/${name}`, shape]),
    );
    const file = await tensors(join(scratch, "paths.safetensors"), { "beyond/kernel": [2], ...shapes });
    const { notices, folder } = await imported({ file, network: run, out: join(scratch, "paths") });
    expect(notices).toEqual(["Not of the network, and left out: beyond/kernel"]);
    const [kernel] = (await loadClassifier(nodeMachine, folder)).weights;
    expect(kernel[0]).toBeCloseTo(Math.sin(2), 6);
  });

  it.each<[string, Partial<ImportRequest>, string, string]>([
    ["no network", {}, "model.only-weights", "--network"],
    ["a network that is none", { network: "reprot" }, "model.unknown", 'Did you mean "report"'],
    [
      "a network of another size",
      { network: "report", imageSize: 64, classes: "a,b" },
      "model.bad-weights",
      "in their order, as 2 arrays for",
    ],
  ])("with %s are refused", async (_, request, code, message) => {
    const file = await tensors(join(scratch, "two.safetensors"), { "a.weight": [3], "a.bias": [1] });
    await expect(imported({ file, ...request })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("of another shape are refused, each by name", async () => {
    const { model } = await loadClassifier(nodeMachine, run);
    const shapes = Object.fromEntries(
      model.weights.map(({ layer, name, shape }) => [`${layer}/${name}`, shape]),
    );
    const [first, second] = Object.keys(shapes);
    const file = await tensors(join(scratch, "shapes.safetensors"), {
      ...shapes,
      [first]: [7],
      [second]: [2, 3],
    });
    const refusal = imported({ file, network: run });
    await expect(refusal).rejects.toMatchObject({ code: "model.bad-weights" });
    await expect(refusal).rejects.toThrowError(
      new RegExp(`${first} of .*found 7 in ${first}; ${second} of .*found 2x3 in ${second}$`),
    );
  });

  it("beside a network are no whole model", async () => {
    await expect(imported({ file: join(run, "model.h5"), network: "report" })).rejects.toMatchObject({
      code: "option.conflict",
    });
  });
});

describe("weights that Keras saved alone", () => {
  it.each([
    "keras3",
    "keras2",
    "keras2-13",
    "keras2-old",
  ])("%s.weights.h5 go where Keras has them", async (name) => {
    const model = await readModelFile(alone(fixtureBytes("loose/model.keras")));
    const loose = await readWeightsFile(alone(fixtureBytes(`loose/${name}.weights.h5`)));
    expect(loose).not.toHaveProperty("description");
    const { weights, notices } = putWeights(buildModel(model.description), loose as never);
    expect(notices).toEqual([]);
    expect(weights).toEqual(model.weights);
  });
});
