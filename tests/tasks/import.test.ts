import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { describeNetwork } from "../../src/core/networks/table.ts";
import { writeKerasH5 } from "../../src/formats/keras/h5.ts";
import type { SavedModel } from "../../src/formats/saved-model.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import { type ImportRequest, importModel } from "../../src/tasks/import.ts";
import { predict } from "../../src/tasks/predict.ts";
import { summarize } from "../../src/tasks/summary.ts";
import { resume } from "../../src/tasks/train.ts";
import { drawPhotos, makeScratch, readModel } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const file = join(scratch, "bare.h5");
const at = (name: string) => join(scratch, name);
const imported = (name: string, more: Partial<ImportRequest> = {}) =>
  importModel(nodeMachine, { file, out: at(name), ...more });

/** A network of 3 outputs that says nothing of classes and photos, with its softmax or without. */
function bareModel(activation = "softmax"): SavedModel {
  const network = describeNetwork("report", [32, 32, 3], 3);
  const layers = network.layers.map((layer, i) =>
    i === network.layers.length - 1 ? { ...layer, config: { ...layer.config, activation } } : layer,
  );
  const description = { ...network, layers };
  const model = buildModel(description);
  const values = initialWeights(model, 3);
  return { description, weights: model.weights.map((weight, i) => ({ ...weight, values: values[i]! })) };
}

const writeModel = async (name: string, saved: SavedModel) =>
  writeFile(at(name), Buffer.concat(writeKerasH5(saved)));

async function probabilities(model: string): Promise<number[][]> {
  const { predictions } = await predict(nodeMachine, { model, photos: [join(photos, "happy")] });
  return predictions.map((each) => ("probabilities" in each ? Object.values(each.probabilities) : []));
}

function expectClose(found: number[][], expected: number[][], digits: number): void {
  for (const [i, p] of found.flat().entries()) expect(p).toBeCloseTo(expected.flat()[i]!, digits);
}

beforeAll(async () => {
  await drawPhotos(photos, 2, 3);
  await writeModel("bare.h5", bareModel());
  await writeModel("logits.h5", bareModel("linear"));
});

describe("a model from elsewhere", () => {
  it("becomes a run that predicts as its file does, with the names that it is given", async () => {
    const { folder, classes, format, parameters, assumed } = await imported("named", {
      classes: "happy, sad,turned",
    });
    expect({ folder, classes, format }).toEqual({
      folder: at("named"),
      classes: ["happy", "sad", "turned"],
      format: "h5",
    });
    expect(parameters).toBeGreaterThan(1000);
    expect(assumed).toEqual([expect.stringContaining("bytes as 0..1")]);
    expect(await probabilities(folder)).toEqual(await probabilities(file));
    expect((await readdir(folder)).sort()).toEqual(["classes.json", "config.json", "model.h5"]);
    expect(JSON.parse(await readFile(join(folder, "classes.json"), "utf8"))).toEqual(classes);
    expect(await summarize(nodeMachine, { path: folder })).toMatchObject({ parameters });
    const { evaluation } = await evaluate(nodeMachine, { model: folder, data: photos });
    expect(evaluation.images).toBe(6);
  });

  it("has no training to go on with and no test photos, and says so", async () => {
    await imported("untrained");
    const refusal = { code: "run.imported", message: expect.stringContaining("bare.h5") };
    await expect(resume(nodeMachine, { run: at("untrained") })).rejects.toMatchObject(refusal);
    await expect(evaluate(nodeMachine, { model: at("untrained") })).rejects.toMatchObject(refusal);
  });

  it("gets the softmax that its training had in the loss", async () => {
    const { assumed } = await imported("softened", { file: at("logits.h5") });
    expect(assumed.join()).toContain("softmax");
    const { notices } = await predict(nodeMachine, {
      model: at("logits.h5"),
      photos: [join(photos, "happy")],
    });
    expect(notices.join()).toContain("no probabilities");
    const [soft, expected] = [await probabilities(at("softened")), await probabilities(file)];
    expectClose(soft, expected, 6);
  });

  it("takes photos in the range that it was trained with", async () => {
    await imported("signed", { range: "-1..1", resize: "crop", decode: "fast" });
    const { preprocessing } = await readModel(at("signed"), "model.h5");
    expect(preprocessing).toMatchObject({ scale: 2 / 255, offset: -1, resize: "crop", antialias: true });
    await imported("by channel", { range: "0.5,0.5,0.5/0.5,0.5,0.5" });
    expect((await readModel(at("by channel"), "model.h5")).preprocessing).toMatchObject({ scale: 1 / 255 });
    await imported("signed plainly", { range: "-1..1" });
    const expected = await probabilities(at("signed plainly"));
    expectClose(await probabilities(at("by channel")), expected, 5);
    expect(expected).not.toEqual(await probabilities(file));
  });

  it("keeps what its file says of photos", async () => {
    const said = { height: 32, width: 32, resize: "pad", scale: 1, offset: 0 };
    await writeModel("said.h5", { ...bareModel(), preprocessing: said, classes: ["a", "b", "c"] });
    const { assumed, classes } = await imported("keeping", { file: at("said.h5"), interpolation: "area" });
    expect({ assumed, classes }).toEqual({ assumed: [], classes: ["a", "b", "c"] });
    const { preprocessing } = await readModel(at("keeping"), "model.h5");
    expect(preprocessing).toMatchObject({ resize: "pad", scale: 1, interpolation: "area" });
  });
});

describe("class names", () => {
  it.each([
    ["names.txt", "\ufeffhappy\r\nsad\r\nvery sad\r\n\r\n"],
    ["labels.txt", "0 happy\n1 sad\n2 very sad"],
    ["names.json", '["happy", "sad", "very sad"]'],
    ["index.json", '{"0": ["n01", "happy"], "1": ["n02", "sad"], "2": ["n03", "very sad"]}'],
    ["metadata.json", '{"tfjsVersion": "1", "labels": ["happy", "sad", "very sad"]}'],
  ])("are read from %s", async (name, text) => {
    await writeFile(at(name), text);
    const { classes } = await imported(`by ${name}`, { classes: at(name) });
    expect(classes).toEqual(["happy", "sad", "very sad"]);
  });

  it.each([
    ["a,b,a", "classes.bad-names", '"a" twice'],
    ["a,,b", "classes.bad-names", "an empty one"],
    ["a,b", "model.bad-classes", "Expected 3 class names, found 2"],
  ])("%s are refused", async (classes, code, message) => {
    await expect(imported("never", { classes })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("in other JSON are refused", async () => {
    await writeFile(at("other.json"), '{"a": 1}');
    await expect(imported("never", { classes: at("other.json") })).rejects.toMatchObject({
      code: "classes.bad-names",
    });
  });
});

describe("what cannot be imported", () => {
  it.each<[Partial<ImportRequest>, string]>([
    [{ range: "1..0" }, "option.bad-value"],
    [{ range: "0.5/0.5" }, "option.bad-value"],
    [{ range: "0.5,0.5,0.5/0.5,0.5,0" }, "option.bad-value"],
    [{ range: "bytes" }, "option.bad-value"],
    [{ imageSize: 33 }, "option.conflict"],
    [{ background: "loud" }, "option.bad-value"],
    [{ file: photos }, "model.not-found"],
    [{ file: at("gone.h5") }, "model.not-found"],
  ])("%o is refused, and leaves no folder", async (request, code) => {
    await expect(imported("never", request)).rejects.toMatchObject({ name: "InputError", code });
    expect(await readdir(scratch)).not.toContain("never");
  });

  it("nothing is written into a folder that has something in it", async () => {
    await mkdir(at("full"));
    await writeFile(join(at("full"), "mine.txt"), "mine");
    await expect(imported("full")).rejects.toMatchObject({ code: "run.exists" });
    expect(await readdir(at("full"))).toEqual(["mine.txt"]);
  });
});
