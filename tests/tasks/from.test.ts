import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { alone } from "../../src/formats/model-files.ts";
import type { SavedModel } from "../../src/formats/saved-model.ts";
import { modelFormats, readModelFile } from "../../src/formats/table.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { loadClassifier } from "../../src/tasks/classifier.ts";
import { resume, type TrainRequest, train } from "../../src/tasks/train.ts";
import { joined } from "../formats/hdf5/written.ts";
import { fixtureBytes } from "../formats/keras/fixtures.ts";
import { drawPhotos, makeScratch, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");
const options = { batchSize: smallOptions.batchSize, seed: smallOptions.seed };
const notices: string[] = [];

function goOn(request: Partial<TrainRequest>) {
  notices.length = 0;
  return train(nodeMachine, {
    data: photos,
    ...options,
    epochs: 1,
    observe: (event) => event.type === "notice" && notices.push(event.text),
    ...request,
  });
}

const last = async (folder: string) => readModelFile(alone(await readFile(join(folder, "last.h5"))));
const config = async (folder: string) => JSON.parse(await readFile(join(folder, "config.json"), "utf8"));

async function partsOf(folder: string): Promise<Map<string, string>> {
  const { files } = JSON.parse(await readFile(join(folder, "split.json"), "utf8"));
  return new Map(files.map(({ path, part }: Record<string, string>) => [path, part]));
}

async function fileOf(name: string, saved: SavedModel): Promise<string> {
  const path = join(scratch, name);
  const { pieces } = await modelFormats.find(({ extension }) => path.endsWith(extension))!.write(saved, {});
  await nodeMachine.writeFile(path, [joined(pieces)]);
  return path;
}

/** What Keras began (tests/fixtures/formats/going_on.py): photos of 8x8, one output. */
const begun = (name = "keras3-adam-odd.keras") => readModelFile(alone(fixtureBytes(`going-on/${name}`)));

beforeAll(async () => {
  await drawPhotos(photos, 2, 12);
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, epochs: 2 });
});

describe("training that goes on from a file", () => {
  it("takes its network, weights, loss, optimizer and the optimizer's state", async () => {
    const out = join(scratch, "keras");
    const from = join(scratch, "begun.keras");
    await nodeMachine.writeFile(from, [fixtureBytes("going-on/keras3-adam-odd.keras")]);
    const before = await begun();
    const { history } = await goOn({ from, out });
    const after = await last(out);
    expect(history).toHaveLength(1);
    expect(after.description.layers.map(({ name }) => name)).toEqual(
      before.description.layers.map(({ name }) => name),
    );
    expect(after.optimizer).toMatchObject({
      className: "Adam",
      config: { beta1: before.optimizer!.config.beta1 },
    });
    expect(after.optimizer!.iterations).toBeGreaterThan(before.optimizer!.iterations);
    const frozen = ({ weights }: SavedModel) =>
      weights.find(({ layer, name }) => layer === "dense" && name === "kernel");
    expect(frozen(after)).toEqual(frozen(before));
    const { options: kept } = await config(out);
    expect(kept).toMatchObject({ from, imageSize: 8, learningRate: before.optimizer!.config.learningRate });
  });

  it("goes on in two pieces to the same bits as in one", async () => {
    const from = await fileOf("pieces.keras", { ...(await begun()), classes: ["happy", "sad"] });
    const [whole, pieces] = [join(scratch, "whole"), join(scratch, "pieces")];
    await goOn({ from, out: whole, epochs: 3 });
    await goOn({ from, out: pieces, epochs: 1 });
    await resume(nodeMachine, { run: pieces, epochs: 3 });
    expect((await last(pieces)).weights).toEqual((await last(whole)).weights);
    expect((await last(pieces)).optimizer).toEqual((await last(whole)).optimizer);
  });

  it("of a run keeps its photos where they were, and begins with its best epoch", async () => {
    const out = join(scratch, "again");
    await goOn({ from: run, out, learningRate: 1e-60 });
    expect(await partsOf(out)).toEqual(await partsOf(run));
    expect((await partsOf(run)).size).toBe(24);
    const weightsOf = async (folder: string) => (await loadClassifier(nodeMachine, folder)).weights;
    expect(await weightsOf(out)).toEqual(await weightsOf(run)); // so slow that nothing moves
    expect(notices).toContainEqual(expect.stringContaining("starts anew"));
    expect((await config(out)).options.learningRate).toBe(1e-60);
  });

  it("smooths labels as its loss says, and keeps that", async () => {
    const saved = await begun();
    const loss = { className: "BinaryCrossentropy", config: { labelSmoothing: 0.2 } };
    const from = await fileOf("smooth.keras", { ...saved, compile: { ...saved.compile!, loss } });
    const [out, plain] = [join(scratch, "smooth"), join(scratch, "plain")];
    const smoothed = await goOn({ from, out });
    const other = await goOn({ from: await fileOf("plain.keras", saved), out: plain });
    expect((await last(out)).compile?.loss).toEqual(loss);
    expect(smoothed.history[0].train.loss).not.toBe(other.history[0].train.loss);
  });

  it("puts behind a model of logits what its loss made of them", async () => {
    const saved = await begun();
    const layers = saved.description.layers.map((layer, i, { length }) =>
      i < length - 1 ? layer : { ...layer, config: { ...layer.config, activation: "linear" } },
    );
    const loss = { className: "BinaryCrossentropy", config: { fromLogits: true } };
    const description = { ...saved.description, layers };
    const from = await fileOf("logits.keras", {
      ...saved,
      description,
      compile: { ...saved.compile!, loss },
    });
    const [out, plain] = [join(scratch, "logits"), join(scratch, "probabilities")];
    const { history } = await goOn({ from, out });
    expect(notices).toContainEqual(expect.stringContaining("sigmoid is put behind it"));
    const same = await goOn({ from: await fileOf("probabilities.keras", saved), out: plain });
    expect(history[0].train).toEqual(same.history[0].train);
    expect((await last(out)).compile?.loss).toBe("binary_crossentropy");
  });

  it("says what it goes on without", async () => {
    const saved = await begun();
    const [first, second, ...rest] = saved.description.layers;
    const l2 = { className: "L2", config: { l2: 0.01 } };
    const regular = {
      ...second,
      config: { ...second.config, kernelRegularizer: l2, biasConstraint: "non_neg" },
    };
    const optimizer = { ...saved.optimizer!, config: { ...saved.optimizer!.config, clipnorm: 1 } };
    const description = { ...saved.description, layers: [first, regular, ...rest] };
    const out = join(scratch, "without");
    await goOn({ from: await fileOf("without.keras", { ...saved, description, optimizer }), out });
    expect(notices).toEqual(
      expect.arrayContaining([
        "Training goes on without clipnorm of Adam",
        "Training goes on without kernel_regularizer of conv2d",
        "Training goes on without bias_constraint of conv2d",
      ]),
    );
    const kept = (await last(out)).description.layers[1].config;
    expect(kept).toMatchObject({ kernelRegularizer: l2, biasConstraint: "non_neg" });
  });

  it("begins the optimizer anew where Fovea has not that one, and says so", async () => {
    const { optimizer: _, ...saved } = await begun();
    const compile = { ...saved.compile!, optimizer: { className: "Lion", config: { learningRate: 0.5 } } };
    await goOn({ from: await fileOf("lion.keras", { ...saved, compile }), out: join(scratch, "lion") });
    expect(notices).toEqual(
      expect.arrayContaining([
        expect.stringContaining("no Lion: Adam"),
        expect.stringContaining("starts anew"),
      ]),
    );
  });
});

describe("what cannot go on is refused before anything is written", () => {
  const schedule = { className: "ExponentialDecay", config: { initialLearningRate: 0.1 } };
  const cases: [string, (saved: SavedModel) => Partial<SavedModel>, string, string][] = [
    [
      "photos of other classes",
      () => ({ classes: ["cat", "dog"] }),
      "train.other-classes",
      "cat, dog, in this order,",
    ],
    [
      "classes in another order",
      () => ({ classes: ["sad", "happy"] }),
      "train.other-classes",
      "found happy, sad",
    ],
    [
      "a loss that Fovea lacks",
      ({ compile }) => ({ compile: { ...compile!, loss: "focal" } }),
      "loss.unknown",
      '"focal"',
    ],
    [
      "a schedule",
      ({ compile, optimizer }) => ({
        compile: { ...compile!, optimizer: { className: "Adam", config: { learningRate: schedule } } },
        optimizer: { ...optimizer!, config: { learningRate: schedule } },
      }),
      "train.schedule",
      "ExponentialDecay",
    ],
  ];

  it.each(cases)("%s", async (name, change, code, message) => {
    const saved = await begun();
    const from = await fileOf(`${name}.h5`, { ...saved, ...change(saved) });
    const out = join(scratch, name);
    await expect(goOn({ from, out })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await nodeMachine.kindOf(out)).toBeUndefined();
  });

  it("three classes for a model of two, whose names nobody knows", async () => {
    const three = join(scratch, "three");
    await drawPhotos(three, 3, 8);
    const from = await fileOf("two.keras", await begun());
    await expect(goOn({ from, data: three })).rejects.toMatchObject({ code: "train.other-classes" });
  });

  it("options that the model settles", async () => {
    const refusal = goOn({ from: run, imageSize: 64, colorMode: "grayscale" });
    await expect(refusal).rejects.toMatchObject({
      code: "option.settled",
      message: expect.stringContaining("--image-size, --color-mode"),
    });
  });
});
