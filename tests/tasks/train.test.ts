import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { chooseBackend } from "../../src/backends/choose.ts";
import { brokenFiles } from "../../src/demo/broken-files.ts";
import { readCsv } from "../../src/formats/csv.ts";
import { readScalars } from "../../src/formats/tensorboard/read-events.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import { predict } from "../../src/tasks/predict.ts";
import { train } from "../../src/tasks/train.ts";
import type { TrainEvent, TrainResult } from "../../src/tasks/train-events.ts";
import {
  drawPhotos,
  filesBelow,
  historyRows,
  lastState,
  makeScratch,
  readJson,
  readModel,
  smallOptions,
} from "./small-run.ts";

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");
const events: TrainEvent[] = [];
let result: TrainResult;

beforeAll(async () => {
  await drawPhotos(photos);
  const jpeg = new Uint8Array(await readFile(join(photos, "happy", "face 0.png")));
  for (const { mood, name, bytes } of brokenFiles) await writeFile(join(photos, mood, name), bytes(jpeg));
  result = await train(nodeMachine, {
    data: photos,
    out: run,
    ...smallOptions,
    observe: (event) => events.push(event),
  });
});

describe("a run folder", () => {
  it("holds every file by its name, and nothing that is half written", async () => {
    const tensorboard = /^tensorboard\/((train|validation|test)\/)?events\.out\.tfevents\.[\w.-]+\.v2$/;
    const files = await filesBelow(run);
    expect(files.filter((file) => !tensorboard.test(file))).toEqual([
      "classes.json",
      "config.json",
      "contact-sheet.png",
      "history.csv",
      "last.h5",
      "metrics.json",
      "model.h5",
      "plots/accuracy.png",
      "plots/accuracy.svg",
      "plots/confusion-matrix.png",
      "plots/confusion-matrix.svg",
      "plots/loss.png",
      "plots/loss.svg",
      "predictions.csv",
      "split.json",
    ]);
    expect(files.filter((file) => tensorboard.test(file)).map((file) => file.split("/")[1])).toEqual([
      expect.stringMatching(/^events/),
      "test",
      "train",
      "validation",
    ]);
  });

  it("says what was asked for and where it ran", async () => {
    const { backend } = await chooseBackend("auto");
    expect(await readJson(run, "config.json")).toMatchObject({
      data: photos,
      options: { ...smallOptions, split: "70,20,10", model: "report", backend: "auto" },
      backend: backend.description,
      classes: ["happy", "sad"],
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      finished: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      machine: {
        cores: nodeMachine.cores,
        versions: { fovea: expect.any(String), node: process.versions.node },
      },
    });
    expect(await readJson(run, "classes.json")).toEqual(["happy", "sad"]);
  });

  it("lists every file in its part, and those left out with the reason", async () => {
    const { files } = await readJson(run, "split.json");
    const count = (part: string) => files.filter((file: { part: string }) => file.part === part).length;
    expect(["train", "validation", "test", "excluded"].map(count)).toEqual([28, 8, 4, 5]);
    const excluded = files.filter(({ part }: { part: string }) => part === "excluded");
    expect(
      Object.fromEntries(excluded.map(({ path, reason }: Record<string, string>) => [path, reason])),
    ).toEqual({
      "happy/IMG_cut_short.jpg": expect.stringMatching(/cut short/),
      "happy/Thumbs.db": expect.stringMatching(/unknown kind/),
      "happy/download.png": expect.stringMatching(/HTML/i),
      "sad/IMG_empty.jpg": expect.stringMatching(/empty/i),
      "sad/notes.jpg": expect.stringMatching(/text/i),
    });
  });

  it("keeps a history of Keras's columns, the same as in TensorBoard and in the result", async () => {
    const [header, ...rows] = await historyRows(run);
    expect(header).toEqual(["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]);
    expect(rows.map((row) => row.map(Number))).toEqual(
      result.history.map(({ epoch, train: own, validation, learningRate }) => [
        epoch,
        own.loss,
        own.accuracy,
        validation.loss,
        validation.accuracy,
        learningRate,
      ]),
    );
    const valuesOf = async (folder: string, tag: string) => {
      const [file] = (await filesBelow(run)).filter((path) => path.startsWith(`tensorboard/${folder}/`));
      const scalars = readScalars(new Uint8Array(await readFile(join(run, file!))));
      return scalars.filter((scalar) => scalar.tag === tag).map(({ step, value }) => [step, value]);
    };
    const column = (index: number) => rows.map((row, step) => [step, Math.fround(Number(row[index]))]);
    expect(await valuesOf("train", "epoch_loss")).toEqual(column(1));
    expect(await valuesOf("train", "epoch_accuracy")).toEqual(column(2));
    expect(await valuesOf("train", "epoch_learning_rate")).toEqual(column(5));
    expect(await valuesOf("validation", "epoch_loss")).toEqual(column(3));
    expect(await valuesOf("validation", "epoch_accuracy")).toEqual(column(4));
  });

  it("has the best epoch in model.h5 and the last in last.h5", async () => {
    const losses = result.history.map(({ validation }) => validation.loss);
    expect(result.bestEpoch).toBe(1 + losses.indexOf(Math.min(...losses)));
    const { position, optimizer } = await lastState(run);
    expect(position).toMatchObject({ epoch: 3, batch: 0 });
    expect(optimizer!.iterations).toBe(3 * Math.ceil(28 / 8));
    const shorter = join(scratch, "until the best");
    await train(nodeMachine, { data: photos, out: shorter, ...smallOptions, epochs: result.bestEpoch! });
    const [best, last] = [await readModel(run, "model.h5"), await readModel(run)];
    expect(best.weights).toEqual((await readModel(shorter)).weights);
    expect(best.weights).not.toEqual(last.weights);
  });

  it("ends two classes in one sigmoid, with the preprocessing and the class names in the file", async () => {
    const { description, compile, preprocessing, classes } = await readModel(run, "model.h5");
    expect(description.layers.at(-1)!.config).toMatchObject({ units: 1, activation: "sigmoid" });
    expect(compile).toMatchObject({ loss: "binary_crossentropy", metrics: ["accuracy"] });
    expect(preprocessing).toMatchObject({ height: 32, width: 32, scale: 1 / 255, interpolation: "bilinear" });
    expect(classes).toEqual(["happy", "sad"]);
  });
});

describe("what a run tells", () => {
  it("comes in the order of the work", () => {
    const types = events.map(({ type }) => type);
    const order = types.filter((type, index) => type !== types[index - 1]);
    const epoch = ["batch", "epoch"];
    expect(order.filter((type) => type !== "notice")).toEqual([
      "scanned",
      "loading",
      "loaded",
      "started",
      ...epoch,
      ...epoch,
      ...epoch,
    ]);
    expect(types.filter((type) => type === "batch")).toHaveLength(12);
  });

  it("names the files, the classes and the parameters", () => {
    const find = (type: TrainEvent["type"]) => events.find((event) => event.type === type);
    expect(find("scanned")).toMatchObject({ files: 45, classNames: ["happy", "sad"] });
    const part = { train: 14, validation: 4, test: 2 };
    expect(find("loaded")).toMatchObject({
      classes: [
        { name: "happy", ...part },
        { name: "sad", ...part },
      ],
    });
    expect(find("started")).toMatchObject({ folder: run, model: "report", parameterCount: 26_609 });
  });
});

describe("the best epoch is judged on the test part", () => {
  it("which metrics.json, predictions.csv and `evaluate` agree on", async () => {
    const metrics = await readJson(run, "metrics.json");
    expect(metrics).toEqual(JSON.parse(JSON.stringify(result.evaluation)));
    expect(metrics).toMatchObject({ images: 4, positiveClass: "sad", accuracy: { cases: 4 } });
    const again = await evaluate(nodeMachine, { model: run });
    expect(again).toMatchObject({ part: "test", data: photos, model: join(run, "model.h5") });
    expect(again.evaluation).toEqual(metrics);
  });

  it("and `predict` gives the same probabilities for each photo", async () => {
    const [header, ...rows] = readCsv(await readFile(join(run, "predictions.csv"), "utf8"));
    expect(header).toEqual(["path", "class", "predicted", "p(happy)", "p(sad)"]);
    const { files } = await readJson(run, "split.json");
    const test = files.filter(({ part }: { part: string }) => part === "test");
    expect(rows.map(([path, truth]) => [path, truth])).toEqual(
      test.map((file: { path: string; class: string }) => [file.path, file.class]),
    );
    const paths = rows.map(([path]) => join(photos, path!));
    const { predictions } = await predict(nodeMachine, { model: run, photos: paths });
    // one photo at a time adds up in another order than a batch does
    const near = (number: string | number) => expect.closeTo(Number(number), 6);
    expect(predictions).toEqual(
      rows.map(([, , predicted, happy, sad], index) => ({
        photo: paths[index],
        class: predicted,
        confidence: near(Math.max(Number(happy), Number(sad))),
        probabilities: { happy: near(happy!), sad: near(sad!) },
      })),
    );
  });

  it("writes the same files for `evaluate --out`, and judges any other folder", async () => {
    const out = join(scratch, "judged");
    const all = await evaluate(nodeMachine, { model: join(run, "model.h5"), data: photos, out });
    expect(all).toMatchObject({ part: "all", evaluation: { images: 40 } });
    expect(all.problems.filter(({ excluded }) => excluded)).toHaveLength(5);
    expect(await filesBelow(out)).toEqual([
      "metrics.json",
      "plots/confusion-matrix.png",
      "plots/confusion-matrix.svg",
      "predictions.csv",
    ]);
    expect(await readJson(out, "metrics.json")).toEqual(JSON.parse(JSON.stringify(all.evaluation)));
  });
});

describe("three classes", () => {
  it("end in a softmax, with categorical cross-entropy and a rate for each class", async () => {
    const data = await drawPhotos(join(scratch, "three"), 3, 10);
    const out = join(scratch, "run of three");
    const { evaluation } = await train(nodeMachine, { data, out, ...smallOptions, epochs: 2 });
    const { description, compile, classes } = await readModel(out, "model.h5");
    expect(description.layers.at(-1)!.config).toMatchObject({ units: 3, activation: "softmax" });
    expect(compile!.loss).toBe("categorical_crossentropy");
    expect(classes).toEqual(["happy", "sad", "turned"]);
    expect(evaluation!.classes.map(({ name, images }) => [name, images])).toEqual([
      ["happy", 1],
      ["sad", 1],
      ["turned", 1],
    ]);
    expect(evaluation).not.toHaveProperty("positiveClass");
    const [header, ...rows] = readCsv(await readFile(join(out, "predictions.csv"), "utf8"));
    expect(header!.slice(3)).toEqual(["p(happy)", "p(sad)", "p(turned)"]);
    for (const row of rows) {
      const sum = row.slice(3).reduce((total, cell) => total + Number(cell), 0);
      expect(sum).toBeCloseTo(1, 6);
    }
    expect((await evaluate(nodeMachine, { model: out })).evaluation).toEqual(evaluation);
  });
});
