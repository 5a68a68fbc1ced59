import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSummaries, type SummaryEvent } from "../../src/formats/tensorboard/read-events.ts";
import { readFields } from "../../src/formats/tensorboard/wire.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { worstErrors } from "../../src/tasks/error-sheet.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { resume, train } from "../../src/tasks/train.ts";
import { drawPhotos, filesBelow, improvingOptions, makeScratch, outcomeOf, stopAfter } from "./small-run.ts";

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const plain = join(scratch, "plain");
const full = join(scratch, "full");
const asked = { updateFreq: "3", histogramFreq: 1, imageFreq: 2 };
const options = { ...improvingOptions, augment: "flip,mixup" };

beforeAll(async () => {
  await drawPhotos(photos);
  await train(nodeMachine, { data: photos, out: plain, ...options });
  await train(nodeMachine, { data: photos, out: full, ...options, ...asked });
});

/** All values of a run in the order of writing, by folder. */
async function eventsOf(run: string): Promise<Record<string, SummaryEvent[]>> {
  const events: Record<string, SummaryEvent[]> = {};
  for (const file of (await filesBelow(run)).filter((path) => path.startsWith("tensorboard/"))) {
    const folder = file.split("/").slice(1, -1).join("/");
    const read = readSummaries(new Uint8Array(await readFile(join(run, file))));
    events[folder] = [...(events[folder] ?? []), ...read];
  }
  return events;
}

/** By tag and step. */
const contentOf = (events: readonly SummaryEvent[]) =>
  events
    .map(({ tag, step, tensor }) => ({ key: `${tag} ${step}`, tensor }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

const stepsOf = (events: readonly SummaryEvent[], tag: string) =>
  events.filter((event) => event.tag === tag).map(({ step }) => step);

describe("unasked", () => {
  it("a run leaves its curves, its graph, its options and the pictures that it draws anyway", async () => {
    const { "": run, train: trained, validation, test } = await eventsOf(plain);
    const tagsOf = (events?: readonly SummaryEvent[]) => [...new Set(events!.map(({ tag }) => tag))].sort();
    expect(tagsOf(run)).toEqual(["_hparams_/session_end_info", "_hparams_/session_start_info"]);
    expect(tagsOf(trained)).toEqual([
      "batch_images",
      "epoch_accuracy",
      "epoch_learning_rate",
      "epoch_loss",
      "keras",
    ]);
    expect(tagsOf(validation)).toEqual([
      "epoch_accuracy",
      "epoch_loss",
      "evaluation_accuracy_vs_iterations",
      "evaluation_loss_vs_iterations",
    ]);
    expect(tagsOf(test)).toEqual([
      "evaluation_accuracy_vs_iterations",
      "evaluation_confusion_matrix",
      "evaluation_loss_vs_iterations",
    ]);
    const batch = trained!.find(({ tag }) => tag === "batch_images");
    const sheet = new Uint8Array(await readFile(join(plain, "contact-sheet.png")));
    expect(Buffer.from(batch!.tensor.content[2] as Uint8Array).equals(sheet)).toBe(true);
  });

  it("lists the options that are tried most, and those that are not as they are by default", async () => {
    const out = join(scratch, "grey");
    await train(nodeMachine, { data: photos, out, ...options, epochs: 1, colorMode: "grayscale" });
    const namesIn = async (run: string) => {
      const [start] = (await eventsOf(run))[""]!;
      const message = readFields(readFields(start!.plugin.content!)[0]!.value as Uint8Array);
      const entries = message.filter(({ number }) => number === 1);
      return entries.map(({ value }) =>
        new TextDecoder().decode(readFields(value as Uint8Array)[0]!.value as Uint8Array),
      );
    };
    const always = ["augment", "batch_size", "epochs", "image_size", "learning_rate", "model", "seed"];
    expect(await namesIn(plain)).toEqual(always);
    expect(await namesIn(out)).toEqual([...always, "color_mode"].sort());
  });

  it("has the judgement of the test photos at the updates of the best epoch", async () => {
    const { test, validation } = await eventsOf(plain);
    const losses = validation!.filter(({ tag }) => tag === "evaluation_loss_vs_iterations");
    const best = losses.reduce((least, event) =>
      event.tensor.content[0]! < least.tensor.content[0]! ? event : least,
    );
    expect(new Set(test!.map(({ step }) => step))).toEqual(new Set([best.step]));
    const { loss } = JSON.parse(await readFile(join(plain, "metrics.json"), "utf8"));
    const written = test!.find(({ tag }) => tag === "evaluation_loss_vs_iterations");
    expect(written!.tensor.content[0]).toBe(Math.fround(loss));
  });
});

describe("with all that can be asked for", () => {
  it("a run learns the same, to the bit", async () => {
    expect(await outcomeOf(full)).toEqual(await outcomeOf(plain));
  });

  it("has the curves over batches, the histograms and the pictures at their steps", async () => {
    const { train: trained, validation, test } = await eventsOf(full);
    expect(stepsOf(trained!, "batch_loss")).toEqual([3, 6, 9, 12]);
    expect(stepsOf(trained!, "sequential/dense/kernel/histogram")).toEqual([0, 1, 2]);
    expect(stepsOf(validation!, "epoch_confusion_matrix")).toEqual([0, 2]);
    expect(stepsOf(validation!, "epoch_worst_errors")).toEqual([0, 2]);
    expect(test!.map(({ tag }) => tag)).toContain("evaluation_worst_errors");
  });

  it("has pictures that are PNGs of the size that is said", async () => {
    const events = Object.values(await eventsOf(full)).flat();
    const images = events.filter(({ plugin }) => plugin.name === "images");
    expect(images).toHaveLength(7);
    for (const { tensor } of images) {
      const [width, height, png] = tensor.content as readonly Uint8Array[];
      const image = await nodeMachine.decode(png!);
      const said = [width, height].map((text) => Number(new TextDecoder().decode(text)));
      expect([image.width, image.height]).toEqual(said);
    }
  });

  it("goes on after an interruption without a gap and without a value twice", async () => {
    let now = Date.now();
    const machine: Machine = { ...nodeMachine, now: () => new Date(now) };
    const run = join(scratch, "interrupted");
    await train(machine, { data: photos, out: run, ...options, ...asked, ...stopAfter(2, 1) });
    now += 60_000;
    await resume(machine, { run });
    const [expected, found] = [await eventsOf(full), await eventsOf(run)];
    for (const folder of ["", "train", "validation", "test"]) {
      expect(contentOf(found[folder]!)).toEqual(contentOf(expected[folder]!));
    }
    expect(await outcomeOf(run)).toEqual(await outcomeOf(plain));
  });
});

it("the worst errors are those whose own class is the least likely", () => {
  const photo = (classIndex: number, predicted: number, ...probabilities: number[]) =>
    ({ sample: { classIndex }, predicted, probabilities }) as never;
  const photosOf = [
    photo(0, 1, 0.4, 0.6),
    photo(1, 1, 0.1, 0.9),
    photo(1, 0, 0.9, 0.1),
    photo(0, 1, 0.2, 0.8),
  ];
  expect(worstErrors(photosOf)).toEqual([photosOf[2], photosOf[3], photosOf[0]]);
});
