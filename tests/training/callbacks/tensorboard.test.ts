import { expect, it } from "vitest";
import { readScalars } from "../../../src/formats/tfevents.ts";
import { type EventWriter, tensorBoardCallback } from "../../../src/training/callbacks/tensorboard.ts";
import { fit } from "../../../src/training/fit.ts";
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

const scalarsIn = (files: ReadonlyMap<string, number[]>, folder: string) =>
  [...files]
    .filter(([path]) => path.startsWith(`${folder}/`))
    .flatMap(([, bytes]) => readScalars(Uint8Array.from(bytes)))
    .map(({ tag, step, value }) => [tag, step, value]);

it("writes an epoch's scalars into train/ and validation/ as Keras's callback does, steps from 0", async () => {
  const { writer, files } = openWriter(1000);
  const callback = tensorBoardCallback(writer, "run/tensorboard");
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
  await fit(session, { ...smallFit, epochs: 1, callbacks: [tensorBoardCallback(writer, "t")] });
  const later = openWriter(2000, files);
  const first = recordOf(1);
  await fit(session, {
    ...smallFit,
    from: positionAfter([first]),
    callbacks: [tensorBoardCallback(later.writer, "t")],
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
  await fit(startSmall(), { ...smallFit, signal, callbacks: [tensorBoardCallback(writer, "t")] });
  expect(files.size).toBe(0);
});
