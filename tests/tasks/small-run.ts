import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { WeightRecord } from "../../src/core/description.ts";
import { readCsv } from "../../src/formats/csv.ts";
import { readKerasH5 } from "../../src/formats/keras/h5.ts";
import { drawFacesInMemory } from "../../src/platform/node/draw.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import type { TrainEvent } from "../../src/tasks/train-events.ts";

/** Options of a run that takes a second; the validation loss is lowest after the first epoch. */
export const smallOptions = { imageSize: 32, batchSize: 8, epochs: 3, seed: 5, learningRate: 0.002 };

/** The same, but the validation loss falls in each epoch. */
export const improvingOptions = { ...smallOptions, seed: 3 };

/** A new folder that goes when the tests of the file are done. */
export async function makeScratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fovea-tasks-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Draws faces into `folder`, 20 in each class unless told; a third class has them upside down. */
export async function drawPhotos(folder: string, classes = 2, perClass = 20): Promise<string> {
  const faces = await drawFacesInMemory({ count: perClass * classes, size: 40 });
  await Promise.all(
    faces.map(async ({ image, mood }, index) => {
      const turned = index % classes === 2;
      const name = turned ? "turned" : classes === 2 ? mood : ["happy", "sad"][index % classes]!;
      const pixels = turned ? image.pixels.slice().reverse() : image.pixels;
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(
        join(folder, name, `face ${index}.png`),
        await nodeMachine.encodePng({ ...image, pixels }),
      );
    }),
  );
  return folder;
}

export async function readModel(run: string, file = "last.h5") {
  return readKerasH5(new Uint8Array(await readFile(join(run, file))));
}

/** A hash in place of the values: it tells bits apart, and is quick to compare. */
function hashed({ layer, name, shape, values }: WeightRecord) {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return `${layer}/${name} ${shape.join("x")} ${sha256}`;
}

/** Weights and moments in the last state of a run, and where it stands, apart from the time it took. */
export async function lastState(run: string) {
  const { weights, optimizer, extra } = await readModel(run);
  const position = JSON.parse(extra!.position!);
  for (const record of position.history) {
    delete record.seconds;
    delete record.imagesPerSecond;
  }
  const slots = optimizer!.slots.map(({ slot, weight }) => `${slot} ${hashed(weight)}`);
  return { weights: weights.map(hashed), optimizer: { ...optimizer, slots }, position };
}

/** What a finished run leaves, to the bit, apart from times and from the names of event files. */
export async function outcomeOf(run: string) {
  const best = await readModel(run, "model.h5");
  return {
    best: { ...best, weights: best.weights.map(hashed) },
    last: await lastState(run),
    history: await historyRows(run),
    metrics: await readJson(run, "metrics.json"),
    predictions: await readFile(join(run, "predictions.csv"), "utf8"),
    split: await readJson(run, "split.json"),
    files: (await filesBelow(run)).filter((file) => !file.startsWith("tensorboard/")),
  };
}

const timeColumns = ["seconds", "images_per_second"];

/** The rows of `history.csv`, header first, apart from the time they took. */
export async function historyRows(run: string): Promise<string[][]> {
  const rows = readCsv(await readFile(join(run, "history.csv"), "utf8"));
  return rows.map((row) => row.filter((_, column) => !timeColumns.includes(rows[0]![column]!)));
}

export async function readJson(run: string, file: string) {
  return JSON.parse(await readFile(join(run, file), "utf8"));
}

/** All files below a folder, with "/", sorted; hidden ones too. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Aborts when a batch is done: `stopAfter(2, 1)` after the first batch of epoch 2. */
export function stopAfter(epoch: number, batch: number) {
  const controller = new AbortController();
  const observe = (event: TrainEvent) => {
    if (event.type === "batch" && event.report.epoch === epoch && event.report.batch === batch)
      controller.abort();
  };
  return { signal: controller.signal, observe };
}
