import { cp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { readCsv } from "../../src/formats/csv.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { resume, train } from "../../src/tasks/train.ts";
import type { TrainEvent } from "../../src/tasks/train-events.ts";
import { drawPhotos, improvingOptions, makeScratch, outcomeOf, readJson, stopAfter } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
/** On the disk none is kept. */
const options = {
  ...improvingOptions,
  augment: "flip,zoom,mixup",
  duplicates: "ignore",
  cache: "none",
} as const;
const withoutMemory = { cacheMemory: "0", cache: "none" };
const PHOTOS = 40;

/** The machine, counting how often it decodes. */
function counting() {
  const counts = { decoded: 0 };
  const machine: Machine = {
    ...nodeMachine,
    decode: (bytes, rule) => {
      counts.decoded++;
      return nodeMachine.decode(bytes, rule);
    },
  };
  return { machine, counts };
}

let expected: Awaited<ReturnType<typeof outcomeOf>>;

beforeAll(async () => {
  await drawPhotos(photos, 2, PHOTOS / 2);
  const { machine, counts } = counting();
  const out = join(scratch, "whole");
  await train(machine, { data: photos, out, ...options });
  expected = await outcomeOf(out);
  expect(counts.decoded).toBe(PHOTOS); // each of them once
});

describe("a run whose photos do not fit into memory", () => {
  it.each([
    ["of which half fit", 20 * (40 * 40 * 3 + 800)],
    ["of which none fits", 0],
  ])("%s learns the same bits, and decodes them again", async (name, bytes) => {
    const { machine, counts } = counting();
    const out = join(scratch, name);
    await train(machine, { data: photos, out, ...options, cacheMemory: String(bytes) });
    expect(await outcomeOf(out)).toEqual(expected);
    expect(counts.decoded).toBeGreaterThan(PHOTOS);
  });

  it("goes on in the middle of an epoch to the same bits", async () => {
    const run = join(scratch, "interrupted");
    const stopped = { ...options, ...withoutMemory, ...stopAfter(2, 2) };
    const { ended } = await train(nodeMachine, { data: photos, out: run, ...stopped });
    expect(ended).toBe("interrupted");
    await resume(nodeMachine, { run, ...withoutMemory });
    expect(await outcomeOf(run)).toEqual(expected);
  });
});

it("near-duplicates are looked for first unless told otherwise, and then the first epoch decodes nothing", async () => {
  const { machine, counts } = counting();
  const decodedAt: number[] = [];
  const observe = (event: TrainEvent) => {
    if (event.type === "started" || event.type === "epoch") decodedAt.push(counts.decoded);
  };
  const { duplicates: _, ...standard } = options;
  await train(machine, { data: photos, out: join(scratch, "standard"), ...standard, epochs: 1, observe });
  expect(decodedAt).toEqual([PHOTOS, PHOTOS]);
});

describe("photos that fail on the way", () => {
  const notices: string[] = [];
  const lost: Record<string, string> = {};
  const run = join(scratch, "losing");
  const copy = join(scratch, "losing photos");
  let batches = 0;
  let result: Awaited<ReturnType<typeof train>>;

  /** Once the photos are split, one of training goes, one changes and one is cut short; so do one of validation and one of the test. */
  beforeAll(async () => {
    await cp(photos, copy, { recursive: true });
    let losing: Promise<void> | undefined;
    const machine: Machine = {
      ...nodeMachine,
      readHead: async (path, length) => {
        await losing;
        return nodeMachine.readHead(path, length);
      },
    };
    const observe = (event: TrainEvent) => {
      if (event.type === "started") losing = lose();
      if (event.type === "notice") notices.push(event.text);
      if (event.type === "batch") batches++;
    };
    result = await train(machine, { data: copy, out: run, ...options, ...withoutMemory, observe });
  });

  async function lose(): Promise<void> {
    const { files } = await readJson(run, "split.json");
    const of = (part: string) => files.filter((file: { part: string }) => file.part === part);
    const [gone, changed, cut] = of("train").map(({ path }: { path: string }) => path);
    const [validation] = of("validation").map(({ path }: { path: string }) => path);
    const [test] = of("test").map(({ path }: { path: string }) => path);
    Object.assign(lost, { gone, changed, cut, validation, test });
    for (const path of [gone, validation, test]) await rm(join(copy, path));
    await writeFile(join(copy, changed), await readFile(join(copy, of("train")[5].path)));
    await truncate(join(copy, cut), 200);
  }

  it("are told of once each, and training goes on with as many batches", () => {
    expect(result.ended).toBe("finished");
    const told = notices.filter((text) => text.startsWith("Passed over"));
    expect(told).toHaveLength(5);
    const why = (path: string | undefined) => told.find((text) => text.includes(`"${path}": `));
    for (const path of [lost.gone, lost.validation, lost.test])
      expect(why(path)).toContain("nothing is there");
    for (const path of [lost.changed, lost.cut]) expect(why(path)).toContain("found another one");
    expect(batches).toBe(3 * Math.ceil(expected.split.files.filter(isTrain).length / options.batchSize));
    expect(result.history.every(({ train: { loss } }) => Number.isFinite(loss))).toBe(true);
  });

  const isTrain = ({ part }: { part: string }) => part === "train";

  it("stand in the list of problems and in the split, where they keep their part", async () => {
    const codes = Object.fromEntries(result.problems.map(({ relativePath, code }) => [relativePath, code]));
    expect(codes).toEqual({
      [lost.gone!]: "file.not-found",
      [lost.changed!]: "data.changed",
      [lost.cut!]: "data.changed",
      [lost.validation!]: "file.not-found",
      [lost.test!]: "file.not-found",
    });
    const { files } = await readJson(run, "split.json");
    expect(files.map(({ reason: _, ...file }: { reason?: string }) => file)).toEqual(expected.split.files);
    const noted = files.filter(({ reason }: { reason?: string }) => reason !== undefined);
    expect(noted.map(({ path }: { path: string }) => path).sort()).toEqual(Object.values(lost).sort());
  });

  it("are not judged", async () => {
    const rows = readCsv(await readFile(join(run, "predictions.csv"), "utf8"));
    const paths = rows.slice(1).map(([path]) => path);
    const all = expected.split.files.filter(({ part }: { part: string }) => part === "test");
    expect(paths).toEqual(
      all.map(({ path }: { path: string }) => path).filter((path: string) => path !== lost.test),
    );
    expect((await readJson(run, "metrics.json")).images).toBe(all.length - 1);
  });
});

describe("photos that cannot be decoded, where none is decoded beforehand", () => {
  const damaged = join(scratch, "damaged photos");

  beforeAll(async () => {
    await cp(photos, damaged, { recursive: true });
    for (const [index, { path }] of expected.split.files.entries()) {
      if (index % 9 === 0) await truncate(join(damaged, path), 500);
    }
  });

  it("are passed over, to the same bits in each run and through a resume", async () => {
    const straight = join(scratch, "damaged");
    const { problems } = await train(nodeMachine, { data: damaged, out: straight, ...options });
    expect(problems.map(({ code, excluded }) => `${code} ${excluded}`)).toEqual(
      Array(5).fill(expect.stringMatching(/^image\.(cut-short|corrupt) true$/)),
    );
    const outcome = await outcomeOf(straight);
    const run = join(scratch, "damaged, interrupted");
    await train(nodeMachine, { data: damaged, out: run, ...options, ...stopAfter(2, 2) });
    await resume(nodeMachine, { run, ...withoutMemory });
    expect(await outcomeOf(run)).toEqual(outcome);
  });
});
