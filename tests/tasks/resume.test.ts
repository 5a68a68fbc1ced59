import { cp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { chooseBackend } from "../../src/backends/choose.ts";
import { writeKerasH5 } from "../../src/formats/keras/h5.ts";
import { readScalars } from "../../src/formats/tensorboard/read-events.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { resume, train } from "../../src/tasks/train.ts";
import { InputError } from "../../src/util/errors.ts";
import {
  drawPhotos,
  filesBelow,
  improvingOptions,
  lastState,
  makeScratch,
  outcomeOf,
  readJson,
  readModel,
  smallOptions,
  stopAfter,
} from "./small-run.ts";

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const whole = join(scratch, "whole");

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

/** What the run leaves that is never interrupted. */
let expected: Awaited<ReturnType<typeof outcomeOf>>;

beforeAll(async () => {
  await drawPhotos(photos);
  await train(nodeMachine, { data: photos, out: whole, ...improvingOptions });
  expected = await outcomeOf(whole);
});

/** A run that is interrupted after a batch of an epoch. */
async function interrupted(name: string, epoch: number, batch: number, options = {}): Promise<string> {
  const out = join(scratch, name);
  const request = { data: photos, out, ...improvingOptions, ...options, ...stopAfter(epoch, batch) };
  const { ended, evaluation } = await train(nodeMachine, request);
  expect({ ended, evaluation }).toEqual({ ended: "interrupted", evaluation: undefined });
  return out;
}

it("is refused while another process works on the run, and cleans up after one that was killed", async () => {
  const run = await interrupted("in use", 1, 2);
  await writeFile(join(run, ".fovea-run.lock"), `${process.pid} ${hostname()}\n`);
  await writeFile(join(run, ".fovea-half.tmp"), "half");
  await expect(resume(nodeMachine, { run })).rejects.toMatchObject({ code: "run.in-use" });
  expect(await readdir(run)).toContain(".fovea-half.tmp");
  await rm(join(run, ".fovea-run.lock"));
  await resume(nodeMachine, { run });
  expect((await readdir(run)).filter((name) => name.startsWith("."))).toEqual([]);
  expect(await outcomeOf(run)).toEqual(expected);
});

describe("a run that is interrupted", () => {
  it.each([
    ["after its first batch", 1, 1],
    ["in its second epoch", 2, 3],
    ["with the last batch of an epoch", 2, 4],
  ])("%s goes on to the same bits", async (name, epoch, batch) => {
    const run = await interrupted(name, epoch, batch);
    const { position } = await lastState(run);
    const done = batch === 4 ? { epoch, batch: 0 } : { epoch: epoch - 1, batch };
    expect(position).toMatchObject(done);
    expect((await filesBelow(run)).includes("model.h5")).toBe(done.epoch > 0);
    const resumed: unknown[] = [];
    const { ended, bestEpoch } = await resume(nodeMachine, {
      run,
      observe: (event) => {
        if (event.type === "resumed") resumed.push(event);
      },
    });
    expect(ended).toBe("finished");
    expect(bestEpoch).toBe(3);
    expect(resumed).toEqual([{ type: "resumed", folder: run, ...done }]);
    expect(await outcomeOf(run)).toEqual(expected);
  });

  it("keeps a best epoch from before", async () => {
    const straight = join(scratch, "best first");
    const { bestEpoch } = await train(nodeMachine, { data: photos, out: straight, ...smallOptions });
    expect(bestEpoch).toBe(1);
    const run = await interrupted("best first, interrupted", 2, 2, smallOptions);
    expect((await resume(nodeMachine, { run })).bestEpoch).toBe(1);
    expect(await outcomeOf(run)).toEqual(await outcomeOf(straight));
  });

  it("again while it goes on, still comes to the same bits", async () => {
    const run = await interrupted("twice", 1, 2);
    const second = await resume(nodeMachine, { run, ...stopAfter(3, 1) });
    expect(second.ended).toBe("interrupted");
    await resume(nodeMachine, { run });
    expect(await outcomeOf(run)).toEqual(expected);
  });

  it("goes on on another number of threads, from a folder that has moved", async () => {
    const { backend } = await chooseBackend("auto");
    if (backend.name !== "native") console.warn("Tested without threads: only the native backend has them");
    const moved = join(scratch, "moved photos");
    await cp(photos, moved, { recursive: true });
    await rename(join(moved, "happy", "face 0.png"), join(moved, "happy", "renamed.png"));
    const run = await interrupted("threads", 2, 1);
    vi.stubEnv("FOVEA_THREADS", "3");
    await resume(nodeMachine, { run, data: moved });
    vi.unstubAllEnvs();
    expect(await readJson(run, "config.json")).toMatchObject({ data: moved, options: improvingOptions });
    expect(await outcomeOf(run)).toEqual(expected);
  });

  it("writes a second file of events beside the first, without a gap", async () => {
    let now = Date.now();
    const machine: Machine = { ...nodeMachine, now: () => new Date(now) };
    const out = join(scratch, "events");
    await train(machine, { data: photos, out, ...improvingOptions, ...stopAfter(2, 1) });
    now += 60_000;
    await resume(machine, { run: out });
    for (const part of ["train", "validation"]) {
      const folder = join(out, "tensorboard", part);
      const names = (await readdir(folder)).sort();
      expect(names).toHaveLength(2);
      const steps: number[] = [];
      for (const name of names) {
        const scalars = readScalars(new Uint8Array(await readFile(join(folder, name))));
        steps.push(...scalars.filter(({ tag }) => tag === "epoch_loss").map(({ step }) => step));
      }
      expect(steps).toEqual([0, 1, 2]);
    }
  });
});

describe("more epochs", () => {
  it("after a finished run come to the same bits as a longer run from the start", async () => {
    const run = join(scratch, "longer");
    await train(nodeMachine, { data: photos, out: run, ...improvingOptions, epochs: 1 });
    await resume(nodeMachine, { run, epochs: 3 });
    expect(await outcomeOf(run)).toEqual(expected);
    expect((await readJson(run, "config.json")).options.epochs).toBe(3);
  });

  it("are not begun when there are none left", async () => {
    await expect(resume(nodeMachine, { run: whole })).rejects.toMatchObject({
      code: "run.finished",
      message: expect.stringContaining("has finished its 3 epochs. Give more --epochs"),
    });
    await expect(resume(nodeMachine, { run: whole, epochs: 2 })).rejects.toMatchObject({
      code: "run.finished",
    });
    expect(await outcomeOf(whole)).toEqual(expected);
  });
});

describe("a crash", () => {
  class Crash extends Error {}

  /** A machine that dies in the middle of the n-th writing of a file, which therefore never comes to be. */
  function dyingAt(file: string, nth: number): Machine {
    let writes = 0;
    const dieAt = (path: string) => {
      if (nodeMachine.baseName(path) === file && ++writes === nth) throw new Crash();
    };
    return {
      ...nodeMachine,
      writeFile: async (path, bytes) => {
        dieAt(path);
        await nodeMachine.writeFile(path, bytes);
      },
      stageFile: async (path, bytes) => {
        dieAt(path);
        return nodeMachine.stageFile(path, bytes);
      },
    };
  }

  /** The same, but it dies when the file is written and has not taken its place yet. */
  function dyingBefore(file: string, nth: number): Machine {
    let writes = 0;
    return {
      ...nodeMachine,
      stageFile: async (path, bytes) => {
        const staged = await nodeMachine.stageFile(path, bytes);
        const dies = nodeMachine.baseName(path) === file && ++writes === nth;
        return dies
          ? { ...staged, settle: () => staged.drop().then(() => Promise.reject(new Crash())) }
          : staged;
      },
    };
  }

  it.each([
    ["between the history and the state", "last.h5", 2],
    ["before the best epoch is kept", "model.h5", 2],
    ["at the history of the second epoch", "history.csv", 2],
    ["while it draws", "loss.svg", 1],
    ["while it judges", "metrics.json", 1],
    ["with the last file of all", "confusion-matrix.png", 1],
  ])("%s costs no more than the epoch under way", async (name, file, nth) => {
    const run = join(scratch, name);
    await expect(train(dyingAt(file, nth), { data: photos, out: run, ...improvingOptions })).rejects.toThrow(
      Crash,
    );
    await resume(nodeMachine, { run });
    expect(await outcomeOf(run)).toEqual(expected);
  });

  it.each([
    ["model.h5", 2],
    ["last.h5", 2],
    ["last.h5", 3],
  ])("while %s of epoch %i is on its way costs no more than that epoch and the next", async (file, nth) => {
    const run = join(scratch, `${file} ${nth} on its way`);
    const machine = dyingBefore(file, nth);
    await expect(train(machine, { data: photos, out: run, ...improvingOptions })).rejects.toThrow(Crash);
    const { position } = (await readModel(run)).extra!;
    expect(JSON.parse(position!).epoch).toBe(nth - 1);
    await resume(nodeMachine, { run });
    expect(await outcomeOf(run)).toEqual(expected);
  });

  it("that leaves a newer best epoch than the last state is made good", async () => {
    const run = await interrupted("older state", 1, 4);
    const older = await readFile(join(run, "last.h5"));
    await resume(nodeMachine, { run, ...stopAfter(2, 4) });
    await writeFile(join(run, "last.h5"), older);
    await resume(nodeMachine, { run });
    expect(await outcomeOf(run)).toEqual(expected);
  });

  it("while more epochs are added is made good", async () => {
    const run = join(scratch, "longer, dying");
    await train(nodeMachine, { data: photos, out: run, ...improvingOptions, epochs: 1 });
    await expect(resume(dyingAt("metrics.json", 1), { run, epochs: 3 })).rejects.toThrow(Crash);
    await resume(nodeMachine, { run });
    expect(await outcomeOf(run)).toEqual(expected);
  });
});

describe("what cannot go on is refused", () => {
  /** A copy of an interrupted run, to spoil. */
  async function copyOfInterrupted(name: string): Promise<string> {
    const source = join(scratch, "interrupted");
    if (!(await nodeMachine.kindOf(source))) await interrupted("interrupted", 2, 1);
    const run = join(scratch, name);
    await cp(source, run, { recursive: true });
    return run;
  }

  const refusal = async (run: string, request = {}) => {
    const before = await filesBelow(run);
    const error = await resume(nodeMachine, { run, ...request }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InputError);
    expect(await filesBelow(run)).toEqual(before);
    const { code, message } = error as InputError;
    return { code, message };
  };

  it("a photo that is gone", async () => {
    const run = await copyOfInterrupted("photo gone");
    const fewer = join(scratch, "fewer photos");
    await cp(photos, fewer, { recursive: true });
    await rm(join(fewer, "happy", "face 0.png"));
    expect(await refusal(run, { data: fewer })).toEqual({
      code: "split.data-changed",
      message: expect.stringContaining('1 of them gone or changed, such as "happy/face 0.png"'),
    });
  });

  it("another class", async () => {
    const run = await copyOfInterrupted("another class");
    const renamed = join(scratch, "renamed class");
    await cp(photos, renamed, { recursive: true });
    await rename(join(renamed, "sad"), join(renamed, "unhappy"));
    expect(await refusal(run, { data: renamed })).toEqual({
      code: "split.data-changed",
      message: expect.stringContaining("Expected the classes happy, sad"),
    });
  });

  it("a folder without config.json", async () => {
    const run = await copyOfInterrupted("no config");
    await rm(join(run, "config.json"));
    expect((await refusal(run)).code).toBe("run.not-found");
  });

  it("a config.json that is none", async () => {
    const run = await copyOfInterrupted("bad config");
    await writeFile(join(run, "config.json"), '{"data": "photos"');
    expect((await refusal(run)).code).toBe("run.bad-config");
    await writeFile(join(run, "config.json"), '{"data": "photos"}');
    expect((await refusal(run)).code).toBe("run.bad-config");
  });

  it("a split.json that is none", async () => {
    const run = await copyOfInterrupted("bad split");
    await writeFile(join(run, "split.json"), "[]");
    expect((await refusal(run)).code).toBe("split.bad-manifest");
  });

  it("no state", async () => {
    const run = await copyOfInterrupted("no state");
    await rm(join(run, "last.h5"));
    expect(await refusal(run)).toEqual({
      code: "run.no-checkpoint",
      message: `Expected a state to resume from in "${join(run, "last.h5")}", found no such file`,
    });
  });

  it("a state that is cut short", async () => {
    const run = await copyOfInterrupted("cut short");
    await truncate(join(run, "last.h5"), 20_000);
    const { code, message } = await refusal(run);
    expect(code).toBe("model.truncated");
    expect(message).toContain(join(run, "last.h5"));
  });

  it("a model that is no state", async () => {
    const run = await copyOfInterrupted("no position");
    await cp(join(run, "model.h5"), join(run, "last.h5"));
    expect(await refusal(run)).toEqual({
      code: "run.no-checkpoint",
      message: expect.stringContaining("found a model without its position in training"),
    });
  });

  it.each([
    ["that is not JSON", "{epoch"],
    ["that lacks a part", '{"epoch": 1}'],
    ["with a negative epoch", '{"epoch": -1, "batch": 0, "sums": {}, "history": []}'],
  ])("a position %s", async (name, position) => {
    const run = await copyOfInterrupted(name);
    const saved = await readModel(run);
    await writeFile(join(run, "last.h5"), writeKerasH5({ ...saved, extra: { position } }));
    expect(await refusal(run)).toEqual({
      code: "run.no-checkpoint",
      message: expect.stringContaining("found a damaged position"),
    });
  });

  it("a state of another shape than the options ask for", async () => {
    const run = await copyOfInterrupted("another shape");
    const config = await readJson(run, "config.json");
    config.options.imageSize = 40;
    await writeFile(join(run, "config.json"), JSON.stringify(config));
    expect(await refusal(run)).toEqual({
      code: "model.bad-weights",
      message: expect.stringContaining("Expected dense/kernel of 144x256, found 64x256"),
    });
  });
});

it("goes on to the same bits where photos are varied and mixed", async () => {
  const augment = "flip,zoom,randaugment,mixup";
  const straight = join(scratch, "varied");
  await train(nodeMachine, { data: photos, out: straight, ...improvingOptions, augment });
  const run = await interrupted("varied, stopped", 2, 1, { augment });
  await resume(nodeMachine, { run });
  const varied = await outcomeOf(straight);
  expect(await outcomeOf(run)).toEqual(varied);
  expect(varied).not.toEqual(expected);
});
