import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { type ExportRequest, exportModel } from "../../src/tasks/export.ts";
import { predict } from "../../src/tasks/predict.ts";
import { train } from "../../src/tasks/train.ts";
import { drawPhotos, makeScratch, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");
const exported = (request: Partial<ExportRequest>) => exportModel(nodeMachine, { model: run, ...request });

beforeAll(async () => {
  await drawPhotos(photos, 2, 10);
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, epochs: 1 });
});

describe("an exported model", () => {
  it("predicts the same to the bit, with the same classes", async () => {
    const predictions = async (model: string) =>
      (await predict(nodeMachine, { model, photos: [join(photos, "happy")] })).predictions.map(
        (prediction) => ("probabilities" in prediction ? prediction.probabilities : prediction),
      );
    const expected = await predictions(run);
    const { path, bytes } = await exported({ format: "keras" });
    expect(path).toBe(join(run, "model.keras"));
    expect((await readFile(path)).length).toBe(bytes);
    expect(expected).toHaveLength(10);
    expect(await predictions(path)).toEqual(expected);
    const back = await exported({ model: path, out: join(scratch, "back.h5") });
    expect(await predictions(back.path)).toEqual(expected);
    const tensors = await exported({ format: "safetensors" });
    expect(tensors).toMatchObject({ path: join(run, "model.safetensors"), readBack: true });
    expect(await predictions(tensors.path)).toEqual(expected);
  });

  it("predicts the same to the bit with photos as its input", async () => {
    const ask = async (model: string) =>
      (await predict(nodeMachine, { model, photos: [join(photos, "sad")] })).predictions;
    for (const format of ["keras", "h5"]) {
      const { path } = await exported({ out: join(scratch, `photos.${format}`), withPreprocessing: true });
      expect(await ask(path)).toEqual(await ask(run));
    }
  });

  it("is of the format that its ending says, beside the model unless told", async () => {
    await cp(join(run, "model.h5"), join(scratch, "alone.h5"));
    const { path, format } = await exported({ model: join(scratch, "alone.h5"), format: "keras" });
    expect([path, format]).toEqual([join(scratch, "model.keras"), "keras"]);
    const signature = (await readFile(path)).subarray(0, 2).toString();
    expect(signature).toBe("PK");
  });
});

describe("a model of several files", () => {
  const predictions = async (model: string) =>
    (await predict(nodeMachine, { model, photos: [join(photos, "sad")] })).predictions;

  it("gets a folder of its own, in the run or where it is told to, and is found by it", async () => {
    const { path, readBack, bytes } = await exported({ format: "tfjs" });
    expect(path).toBe(join(run, "tfjs", "model.json"));
    expect(readBack).toBe(true);
    const names = await readdir(join(run, "tfjs"));
    const sizes = await Promise.all(
      names
        .filter((name) => !name.includes("parity"))
        .map(async (name) => (await readFile(join(run, "tfjs", name))).length),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBe(bytes);
    expect(await predictions(join(run, "tfjs"))).toEqual(await predictions(run));
    expect(await predictions(path)).toEqual(await predictions(run));
    const elsewhere = await exported({ out: join(scratch, "web", "cats.json") });
    expect(await predictions(elsewhere.path)).toEqual(await predictions(run));
  });

  it("is written over when forced only, and reaches for no file elsewhere", async () => {
    const out = join(scratch, "forced");
    const { path } = await exported({ format: "tfjs", out });
    await expect(exported({ format: "tfjs", out })).rejects.toMatchObject({ code: "file.exists" });
    await exported({ format: "tfjs", out, force: true });
    const json = JSON.parse(await readFile(path, "utf8"));
    json.weightsManifest[0].paths = ["../run/model.h5"];
    await writeFile(path, JSON.stringify(json));
    await expect(predictions(out)).rejects.toMatchObject({ code: "model.bad-name" });
  });
});

describe("photos as the input of an ONNX file", () => {
  it("are for a model whose preparation the graph can do, and no other", async () => {
    const out = join(scratch, "photos.onnx");
    const { readBack } = await exported({ out, withPreprocessing: true });
    expect(readBack).toBe(false);
    expect((await readFile(out)).includes("photos/resized")).toBe(true);
    const cropped = join(scratch, "cropped");
    await train(nodeMachine, { data: photos, out: cropped, ...smallOptions, epochs: 1, resize: "crop" });
    await expect(exported({ model: cropped, format: "onnx", withPreprocessing: true })).rejects.toMatchObject(
      {
        code: "export.no-equal",
        message: expect.stringContaining("resize stretch"),
      },
    );
  });
});

describe("what cannot be exported is refused, and nothing is written", () => {
  it("over a file, unless forced", async () => {
    const out = join(scratch, "mine.keras");
    await writeFile(out, "mine");
    await expect(exported({ out })).rejects.toMatchObject({
      code: "file.exists",
      message: expect.stringContaining("--force"),
    });
    expect(await readFile(out, "utf8")).toBe("mine");
    await exported({ out, force: true });
    expect((await readFile(out)).length).toBeGreaterThan(1000);
  });

  it.each([
    ["no format", {}, "export.bad-format", "keras, h5, weights.h5, onnx, safetensors"],
    ["an operator set for Keras", { format: "keras", opset: 17 }, "option.conflict", "onnx"],
    [
      "photos in a file of weights",
      { format: "safetensors", withPreprocessing: true },
      "option.conflict",
      "--with-preprocessing",
    ],
    ["an operator set of the future", { format: "onnx", opset: 99 }, "export.bad-opset", "13 to 26"],
    ["an unknown one", { format: "kears" }, "export.bad-format", 'did you mean "keras"'],
    ["a folder for a file", { format: "h5", out: photos, force: true }, "file.exists", "no file"],
    ["a model that is none", { format: "h5", model: photos }, "run.no-model", "model.h5"],
  ])("%s", async (_, request, code, text) => {
    const before = await readdir(scratch, { recursive: true });
    await expect(exported(request)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(new RegExp(text, "i")),
    });
    expect(await readdir(scratch, { recursive: true })).toEqual(before);
  });
});
