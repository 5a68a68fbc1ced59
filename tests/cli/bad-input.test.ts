import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { ModelDescription } from "../../src/core/description.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { writeKerasH5 } from "../../src/formats/keras/h5.ts";
import { drawSmallFaces, makeScratch, quick, runCli } from "./run-cli.ts";

const scratch = await makeScratch();
const at = (...names: string[]) => join(scratch, ...names);

beforeAll(async () => {
  await drawSmallFaces(at("photos"));
  const trained = await runCli(["train", "photos", ...quick, "--out", "run"], { cwd: scratch });
  if (trained.status !== 0) throw new Error(trained.stderr);
  await makeFolders();
  await makeModels();
});

async function makeFolders() {
  const photo = at("photos", "happy", "face 0.png");
  for (const folder of ["empty", "one/cats", "few/cats", "few/dogs", "text/cats", "text/dogs"])
    await mkdir(at(folder), { recursive: true });
  await copyFile(photo, at("one", "cats", "a.png"));
  for (const name of ["a", "b", "c"]) await copyFile(photo, at("few", "cats", `${name}.png`));
  await writeFile(at("text", "cats", "a.jpg"), "no photo");
  await writeFile(at("text", "dogs", "b.jpg"), "none either");
  await mkdir(at("loose"));
  await copyFile(photo, at("loose", "a.png"));
}

async function makeModels() {
  const whole = await readFile(at("run", "model.h5"));
  await writeFile(at("empty.h5"), "");
  await writeFile(at("cut.h5"), whole.subarray(0, whole.length / 2));
  await writeFile(at("text.h5"), "this is no model");
  await writeFile(at("pair.h5"), await untrained([8, 8, 2], [flatten, dense(2)]));
  await writeFile(at("picture.h5"), await untrained([8, 8, 3], [convolution]));
  await writeFile(at("three.h5"), await untrained([8, 8, 3], [flatten, dense(3)], ["cats", "dogs"]));
}

type Layer = ModelDescription["layers"][number];
const flatten: Layer = { className: "Flatten", name: "flatten", config: {} };
const dense = (units: number): Layer => ({
  className: "Dense",
  name: "dense",
  config: { units, activation: "softmax" },
});
const convolution: Layer = {
  className: "Conv2D",
  name: "conv2d",
  config: { filters: 2, kernelSize: [3, 3] },
};

async function untrained(
  inputShape: [number, number, number],
  layers: Layer[],
  classes?: string[],
): Promise<Uint8Array> {
  const description = { name: "other", inputShape, layers };
  const model = buildModel(description);
  const values = initialWeights(model, 0);
  const weights = model.weights.map(({ layer, name, shape }, index) => ({
    layer,
    name,
    shape,
    values: values[index]!,
  }));
  return Buffer.concat(writeKerasH5({ description, weights, ...(classes && { classes }) }));
}

const train = (...args: string[]) => ["train", "photos", ...args];
const photo = "photos/happy/face 0.png";

/** Arguments, the code in brackets, and what the line says. */
type Refusal = [args: string[], code: string, says: string];

const refusals: Refusal[] = [
  [["bogus"], "command.unknown", 'Unknown command "bogus". Known: demo, check, train'],
  [["trian"], "command.unknown", 'Did you mean "train"?'],
  [train("--epcohs", "3"), "option.unknown", 'Unknown option "--epcohs". Did you mean --epochs?'],
  [train("--epochs"), "option.no-value", "Expected a value after --epochs <number>, found none"],
  [train("more"), "argument.excess", "too many arguments"],
  [["predict", "run"], "argument.missing", "Expected <photos>, found none"],

  [["train"], "data.no-folder", "Expected a folder of photos, found none"],
  [["train", "nowhere"], "data.no-such-folder", 'found nothing at "nowhere"'],
  [["train", "text.h5"], "data.not-a-folder", 'found a file at "text.h5"'],
  [["train", "empty"], "data.no-classes", 'one sub-folder a class in "empty", found none'],
  [["train", "loose"], "data.no-classes", "1 files lie in it directly"],
  [["train", "one"], "data.one-class", 'found only "cats"'],
  [["train", "few", ...quick], "data.too-few-images", 'found 1 in "cats", 0 in "dogs"'],
  [["train", "text", ...quick], "data.no-images", '2 files were left out, such as "cats/a.jpg"'],

  [train("--epochs", "0"), "option.bad-value", "Expected --epochs to be a whole number, at least 1, found 0"],
  [train("--batch-size", "0"), "option.bad-value", "Expected --batch-size to be a whole number"],
  [train("--learning-rate", "0"), "option.bad-value", "--learning-rate to be a number above 0, found 0"],
  [train("--learning-rate", "NaN"), "option.bad-value", 'a number above 0, found "NaN"'],
  [train("--seed", "-1"), "option.bad-value", "--seed to be a whole number, at least 0, found -1"],
  [
    train("--image-size", "0"),
    "option.bad-value",
    "--image-size to be a whole number from 1 to 4096, found 0",
  ],
  [train("--image-size", "-5"), "option.bad-value", "found -5"],
  [train("--image-size", "99999999"), "option.bad-value", "found 99999999"],
  [train("--image-size", "1.5"), "option.bad-value", "found 1.5"],
  [train("--image-size", "large"), "option.bad-value", 'from 1 to 4096, found "large"'],
  [
    train("--cache-memory", "much"),
    "option.bad-value",
    '--cache-memory to be a size such as 500MB or 2GB, found "much"',
  ],
  [train("--update-freq", "never"), "option.bad-value", 'epoch, batch or a number of batches, found "never"'],
  [train("--histogram-freq", "-1"), "option.bad-value", "a whole number, at least 0, found -1"],
  [train("--cache-size", "-1GB"), "option.bad-value", 'a size such as 500MB or 2GB, found "-1GB"'],
  [train("--cache", "photos/cache"), "cache.inside-photos", 'the photos in "photos", found "photos/cache"'],
  [train("--image-size", "10"), "model.bad-shape", 'at least 22 for the model "report", found 10'],
  [train("--batch-size", "100000000"), "memory.too-small", "--batch-size"],
  [train("--split", "70,20,20"), "split.bad-ratios", "which adds up to 110"],
  [train("--split", "70,30"), "split.bad-ratios", 'found "70,30"'],
  [train("--model", "raport"), "model.unknown", 'Did you mean "report"?'],
  [train("--backend", "nativ"), "backend.unknown", 'Did you mean "native"?'],
  [train("--out", "run"), "run.exists", 'found a folder that is not empty at "run"; --resume'],
  [
    train("--out", "photos/run"),
    "run.inside-photos",
    'outside of the photos in "photos", found "photos/run"',
  ],
  [train("--out", "text.h5"), "run.exists", 'found a file at "text.h5"'],

  [["train", "--resume", "nowhere"], "run.not-found", 'config.json, found none in "nowhere"'],
  [["train", "--resume", "empty"], "run.not-found", 'found none in "empty"'],
  [["train", "--resume", "run"], "run.finished", "has finished its 2 epochs"],
  [["train", "--resume", "run", "--seed", "3"], "option.settled", "--seed cannot change"],
  [["train", "--resume", "run", "--cache-memory", "much"], "option.bad-value", 'found "much"'],
  [["train", "few", "--resume", "run", "--epochs", "3"], "split.data-changed", "found cats, dogs"],

  [["predict", "nowhere", photo], "model.not-found", 'found nothing at "nowhere"'],
  [["predict", "empty.h5", photo], "model.empty-file", "found an empty file"],
  [["predict", "cut.h5", photo], "model.truncated", "found one cut short"],
  [["predict", "text.h5", photo], "model.unknown-format", "found another format"],
  [["predict", "empty", photo], "run.no-model", 'with a model.h5, found none in "empty"'],
  [["predict", "pair.h5", photo], "model.not-a-classifier", "found one from 8x8x2"],
  [["predict", "picture.h5", photo], "model.not-a-classifier", "8x8x3 to 6x6x2"],
  [["predict", "three.h5", photo], "model.bad-classes", "Expected 3 class names, found 2"],
  [["predict", "run", "empty"], "predict.no-photos", "Expected at least one photo"],

  [["evaluate", "run/model.h5"], "evaluate.no-data", "Expected --data <folder>"],
  [["evaluate", "run", "--data", "few"], "evaluate.unknown-class", 'found "cats", "dogs"'],
  [["evaluate", "run", "--out", "run"], "run.exists", 'not empty at "run"'],
  [["summary", "--classes", "1"], "option.bad-value", "--classes to be a whole number from 2"],
  [["summary", "run", "--classes", "3"], "option.conflict", '"run" has its own layers'],
  [["summary", "--training", "--inference"], "option.conflict", "--training or --inference, found both"],
  [["summary", "--program", "--batch", "0"], "option.bad-value", "--batch to be a whole number, at least 1"],
  [["demo", "--out", "run"], "run.exists", 'not empty at "run"'],
];

async function expectRefusal(...[args, code, says]: Refusal) {
  const { status, stdout, stderr } = await runCli(args, { cwd: scratch });
  expect(stderr).toMatch(/^fovea: [^\n]*\n$/);
  expect(stderr).toContain(says);
  expect(stderr).toContain(` [${code}]\n`);
  expect(stdout).toMatch(/^(Found \d+ files belonging to 2 classes\.\n)?$/);
  expect(status).toBe(2);
}

describe("bad input: one clear line, exit status 2, nothing written", () => {
  const resumes = ([args]: Refusal) => args.includes("--resume"); // only one process at a time may work on a run
  it.each(refusals.filter(resumes))("%j is refused with %s", expectRefusal);
  it.concurrent.each(refusals.filter((each) => !resumes(each)))("%j is refused with %s", expectRefusal);

  it("left the folder as it was", async () => {
    const made = ["cut.h5", "empty", "empty.h5", "few", "loose", "one", "pair.h5"];
    const rest = ["photos", "picture.h5", "run", "text", "text.h5", "three.h5"];
    expect((await readdir(scratch)).sort()).toEqual([...made, ...rest]);
    expect(existsSync(at("run", "metrics.json"))).toBe(true);
  });
});

describe("with --json", () => {
  it.each([
    [["train", "nowhere"], "data.no-such-folder"],
    [["summary", "--bogus"], "option.unknown"],
    [["predict", "run", photo, "--csv"], "option.conflict"],
  ])("%j answers with one document that holds the same code", async (args, code) => {
    const { status, stdout, stderr } = await runCli([...args, "--json"], { cwd: scratch });
    const { error } = JSON.parse(stdout);
    expect(error.code).toBe(code);
    expect(stderr).toBe(`fovea: ${error.message} [${code}]\n`);
    expect(status).toBe(2);
  });
});

describe("--debug", () => {
  it("adds the stack", async () => {
    const { stderr } = await runCli(["train", "nowhere", "--debug"], { cwd: scratch });
    expect(stderr).toMatch(/\n {4}at .*scan/);
  });
});
