import { describe, expect, it, vi } from "vitest";
import { readScalars, readSummaries } from "../../../src/formats/tensorboard/read-events.ts";
import type { BatchReport, Callback, TrainingPosition } from "../../../src/training/callback.ts";
import { type EventWriter, openEventFiles } from "../../../src/training/callbacks/event-files.ts";
import { type TensorBoardOptions, tensorBoardCallback } from "../../../src/training/callbacks/tensorboard.ts";
import { fit } from "../../../src/training/fit.ts";
import { InputError } from "../../../src/util/errors.ts";
import { smallFit, startSmall } from "../small-fit.ts";
import { positionAfter, recordOf, reportOf } from "./records.ts";

/** Files in memory, written on a machine whose clock stands at a second. */
function openWriter(second: number, files = new Map<string, number[]>()) {
  const folders = new Set<string>();
  const writer: EventWriter = {
    join: (...parts) => parts.join("/"),
    makeFolder: async (path) => {
      folders.add(path);
    },
    appendFile: async (path, bytes) => {
      expect(folders).toContain(path.slice(0, path.lastIndexOf("/")));
      files.set(path, [...(files.get(path) ?? []), ...bytes]);
    },
    now: () => new Date(second * 1000),
    describe: () => ({ host: "host", processId: 42 }),
  };
  return { writer, files };
}

const boardIn = (writer: EventWriter, folder: string, options?: TensorBoardOptions) =>
  tensorBoardCallback(openEventFiles(writer, folder), options);

const scalarsIn = (files: ReadonlyMap<string, number[]>, folder: string) =>
  [...files]
    .filter(([path]) => path.startsWith(`${folder}/`))
    .flatMap(([, bytes]) => readScalars(Uint8Array.from(bytes)))
    .map(({ tag, step, value }) => [tag, step, value]);

it("writes an epoch's scalars into train/ and validation/ as Keras's callback does, steps from 0", async () => {
  const { writer, files } = openWriter(1000);
  const callback = boardIn(writer, "run/tensorboard");
  const session = startSmall();
  await session.train({
    images: new Float32Array(108),
    labels: Float32Array.of(1),
    learningRate: 0.1,
    random: new Uint32Array(4),
  });
  const history = [recordOf(1), recordOf(2)];
  for (const [index, record] of history.entries()) {
    await callback.onEpochEnd!(reportOf(record), positionAfter(history.slice(0, index + 1)), session);
  }
  expect(scalarsIn(files, "run/tensorboard/train")).toEqual([
    ["epoch_loss", 0, 0.5],
    ["epoch_accuracy", 0, 0.5],
    ["epoch_learning_rate", 0, 0.25],
    ["epoch_loss", 1, 0.25],
    ["epoch_accuracy", 1, 0.75],
    ["epoch_learning_rate", 1, 0.25],
  ]);
  expect(scalarsIn(files, "run/tensorboard/validation")).toEqual([
    ["evaluation_loss_vs_iterations", 1, 1.5],
    ["evaluation_accuracy_vs_iterations", 1, 0.75],
    ["epoch_loss", 0, 1.5],
    ["epoch_accuracy", 0, 0.75],
    ["evaluation_loss_vs_iterations", 1, 0.75],
    ["evaluation_accuracy_vs_iterations", 1, 0.9375],
    ["epoch_loss", 1, 0.75],
    ["epoch_accuracy", 1, 0.9375],
  ]);
  expect([...files.keys()].sort()).toEqual([
    "run/tensorboard/train/events.out.tfevents.1000.host.42.0.v2",
    "run/tensorboard/validation/events.out.tfevents.1000.host.42.1.v2",
  ]);
});

it("opens a second file beside the first when a run goes on", async () => {
  const { writer, files } = openWriter(1000);
  const session = startSmall();
  await fit(session, { ...smallFit, epochs: 1, callbacks: [boardIn(writer, "t")] });
  const later = openWriter(2000, files);
  const first = recordOf(1);
  await fit(session, {
    ...smallFit,
    from: positionAfter([first]),
    callbacks: [boardIn(later.writer, "t")],
  });
  expect([...files.keys()].filter((path) => path.startsWith("t/train/"))).toEqual([
    "t/train/events.out.tfevents.1000.host.42.0.v2",
    "t/train/events.out.tfevents.2000.host.42.0.v2",
  ]);
  const steps = scalarsIn(files, "t/train").filter(([tag]) => tag === "epoch_loss");
  expect(steps.map(([, step]) => step)).toEqual([0, 1, 2]);
  const iterations = scalarsIn(files, "t/validation").filter(
    ([tag]) => tag === "evaluation_loss_vs_iterations",
  );
  expect(iterations.map(([, step]) => step)).toEqual([3, 6, 9]);
});

it("opens no file before an epoch ends", async () => {
  const { writer, files } = openWriter(1000);
  const signal = AbortSignal.abort();
  await fit(startSmall(), { ...smallFit, signal, callbacks: [boardIn(writer, "t")] });
  expect(files.size).toBe(0);
});

const tagsIn = (files: ReadonlyMap<string, number[]>, folder: string) =>
  [...files]
    .filter(([path]) => path.startsWith(`${folder}/`))
    .flatMap(([, bytes]) => readSummaries(Uint8Array.from(bytes)))
    .map(({ tag, step }) => `${tag} ${step}`);

describe("curves over batches", () => {
  it("have a point for each batch, with the means over the epoch so far, at the number of updates", async () => {
    const { writer, files } = openWriter(1000);
    const seen: number[] = [];
    const watch = { onBatchEnd: ({ metrics }: BatchReport) => seen.push(metrics.loss) };
    await fit(startSmall(), { ...smallFit, callbacks: [boardIn(writer, "t", { updateFreq: 1 }), watch] });
    const losses = scalarsIn(files, "t/train").filter(([tag]) => tag === "batch_loss");
    expect(losses).toEqual(seen.map((loss, i) => ["batch_loss", i + 1, Math.fround(loss)]));
    expect(seen).toHaveLength(9);
  });

  it("have one after so many batches, counted over all epochs, and go on where they were interrupted", async () => {
    const { writer, files } = openWriter(1000);
    const controller = new AbortController();
    const session = startSmall();
    let position: TrainingPosition | undefined;
    const interrupt = {
      onBatchEnd: ({ epoch, batch }: BatchReport) => epoch === 2 && batch === 1 && controller.abort(),
      onInterrupt: async (at: TrainingPosition) => {
        position = at;
      },
    } as Callback;
    const options = { updateFreq: 2 };
    const { signal } = controller;
    await fit(session, { ...smallFit, signal, callbacks: [boardIn(writer, "t", options), interrupt] });
    const later = openWriter(2000, files);
    await fit(session, { ...smallFit, from: position!, callbacks: [boardIn(later.writer, "t", options)] });
    const steps = scalarsIn(files, "t/train").filter(([tag]) => tag === "batch_accuracy");
    expect(steps.map(([, step]) => step)).toEqual([2, 4, 6, 8]);
  });

  it("are written in the middle of a long epoch", () => {
    const { writer, files } = openWriter(1000);
    let now = 1000;
    const callback = boardIn({ ...writer, now: () => new Date(1000 * now) }, "t", { updateFreq: 1 });
    const report = { epoch: 1, epochs: 1, batches: 9, seconds: 1, imagesPerSecond: 1 };
    const batch = (number: number) =>
      callback.onBatchEnd!({ ...report, batch: number, metrics: { loss: 1, accuracy: 0 } });
    batch(1);
    now += 4;
    batch(2);
    expect(files.size).toBe(0);
    now += 2;
    batch(3);
    return vi.waitFor(() => expect(tagsIn(files, "t/train")).toContain("batch_loss 3"));
  });
});

it("writes histograms of all weights in the epochs that Keras would, of what they are then", async () => {
  const { writer, files } = openWriter(1000);
  const session = startSmall();
  const kept: number[] = [];
  const keep: Callback = {
    onEpochEnd: async (_report, _position, { weights }) => {
      kept.push(Math.max(...weights[0]!.values));
      return undefined;
    },
  };
  await fit(session, { ...smallFit, callbacks: [boardIn(writer, "t", { histogramFreq: 2 }), keep] });
  const tags = tagsIn(files, "t/train").filter((tag) => tag.includes("histogram"));
  const names = session.weights.map(
    ({ layer, name }) => `${session.model.description.name}/${layer}/${name}`,
  );
  expect(tags).toEqual([0, 2].flatMap((step) => names.map((name) => `${name}/histogram ${step}`)));
  const [, bytes] = [...files].find(([path]) => path.startsWith("t/train/"))!;
  const greatest = readSummaries(Uint8Array.from(bytes))
    .filter(({ tag }) => tag === `${names[0]}/histogram`)
    .map(({ tensor }) => tensor.content[88]);
  expect(greatest).toEqual([kept[0], kept[2]]);
});

it("what cannot be written in the background fails the epoch", async () => {
  const { writer } = openWriter(1000);
  let now = 0;
  const full: EventWriter = {
    ...writer,
    now: () => {
      now += 6000;
      return new Date(now);
    },
    appendFile: () => Promise.reject(new InputError("file.no-space", "full")),
  };
  const trained = fit(startSmall(), { ...smallFit, callbacks: [boardIn(full, "t", { updateFreq: 1 })] });
  await expect(trained).rejects.toMatchObject({ code: "file.no-space" });
});
