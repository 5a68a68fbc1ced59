import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadSamples } from "../../src/data/load.ts";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";
import { openSource } from "../../src/data/source.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { check } from "../../src/tasks/check.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { RandomStream } from "../../src/util/random.ts";
import { mutate } from "../support/mutate.ts";
import { drawFormats } from "../support/picture-formats.ts";
import { makeScratch } from "./small-run.ts";

/**
 * `FOVEA_MUTATIONS=10000 FOVEA_MUTATION_SEED=2 FOVEA_MUTATION_SOURCES=<folder of images> npx vitest run tests/tasks/mutated-images` looks
 * further, and says what it cost.
 */
const count = Number(process.env.FOVEA_MUTATIONS ?? 300);
const seed = Number(process.env.FOVEA_MUTATION_SEED ?? 1);
const sourceFolder = process.env.FOVEA_MUTATION_SOURCES;
/** So many at a time, so that memory can be watched between. */
const BATCH = 500;
/** Processor time: another process may hold this one up. */
const LONGEST_S = 5;

const scratch = await makeScratch();

async function sources(): Promise<ReadonlyMap<string, Uint8Array>> {
  if (sourceFolder === undefined) return drawFormats();
  return new Map(readdirSync(sourceFolder).map((name) => [name, readFileSync(join(sourceFolder, name))]));
}

/** Files of two classes, each a mutation of one of the sources. */
async function writeMutations(folder: string, first: number, number: number): Promise<void> {
  const sound = [...(await sources())];
  for (const name of ["one", "other"]) await mkdir(join(folder, name), { recursive: true });
  for (let index = first; index < first + number; index++) {
    const random = new RandomStream(seed, "mutations", index);
    const [name, bytes] = sound[index % sound.length];
    const [, other] = sound[random.nextInteger(sound.length)];
    const path = join(folder, index % 2 === 0 ? "one" : "other", `${index} ${name}`);
    await writeFile(path, mutate(random, bytes, other));
  }
}

/** Remembers the longest that one picture took, in seconds of all threads' processor time. */
function timed(machine: Machine) {
  const slowest = { seconds: 0, bytes: new Uint8Array() };
  const watch =
    <A extends readonly unknown[], R>(work: (bytes: Uint8Array, ...more: A) => Promise<R>) =>
    async (bytes: Uint8Array, ...more: A): Promise<R> => {
      const before = process.cpuUsage();
      try {
        return await work(bytes, ...more);
      } finally {
        const { user, system } = process.cpuUsage(before);
        const seconds = (user + system) / 1e6;
        if (seconds > slowest.seconds) Object.assign(slowest, { seconds, bytes });
      }
    };
  const { decode, decodeDamaged, inspect } = machine;
  return {
    slowest,
    machine: {
      ...machine,
      decode: watch(decode),
      decodeDamaged: watch(decodeDamaged),
      inspect: watch(inspect),
    },
  };
}

/** What check and train make of the files: each must be read, or left out with a reason, by both alike. */
async function tryOut(folder: string, number: number) {
  const { machine, slowest } = timed(nodeMachine);
  const checked = await check(machine, { data: folder, html: `${folder}.html` });
  const excluded = checked.findings.filter(({ effect }) => effect === "excluded");
  const leftOut = excluded.flatMap(({ cases }) => cases.flatMap(({ files }) => files)).sort();
  const { samples } = await openSource(machine, folder);
  const rule = preprocessingSchema.parse({ height: 16, width: 16 });
  const { loaded, problems } = await loadSamples(machine, samples, rule);
  const notLoaded = problems.filter((problem) => problem.excluded);
  expect(samples).toHaveLength(number);
  expect(checked).toMatchObject({ files: number, usable: loaded.length, excluded: leftOut.length });
  expect(notLoaded.map(({ relativePath }) => relativePath).sort()).toEqual(leftOut);
  expect(loaded.length + notLoaded.length).toBe(number);
  for (const { reason, code } of notLoaded) {
    expect(code).toMatch(/^image\./);
    expect(reason).toMatch(/^Expected .*found/);
    expect(reason).not.toMatch(/\n|vips/i);
  }
  return { slowest, loaded: loaded.length, codes: notLoaded.map(({ code }) => code) };
}

describe("mutated images", () => {
  it(
    `of every format, ${count} of them, are read or left out with a reason, by check as by train`,
    async () => {
      const tally = new Map<string, number>();
      let loaded = 0;
      for (let first = 0; first < count; first += BATCH) {
        const number = Math.min(BATCH, count - first);
        const folder = join(scratch, `mutated ${first}`);
        await writeMutations(folder, first, number);
        const found = await tryOut(folder, number);
        loaded += found.loaded;
        for (const code of found.codes) tally.set(code, (tally.get(code) ?? 0) + 1);
        if (count > BATCH) report(first + number, found.slowest.seconds);
        expect(found.slowest.seconds).toBeLessThan(LONGEST_S);
      }
      if (count > BATCH) console.log({ loaded, ...Object.fromEntries(tally) });
      // a test in which all were alike would be none
      expect(loaded).toBeGreaterThan(count / 20);
      expect(tally.get("image.corrupt")).toBeGreaterThan(count / 20);
      expect(tally.get("image.cut-short")).toBeGreaterThan(count / 50);
    },
    Math.max(60_000, count * 1000),
  );
});

function report(done: number, slowest: number): void {
  const resident = Math.round(process.memoryUsage.rss() / 2 ** 20);
  const peak = Math.round(process.resourceUsage().maxRSS / 2 ** 10);
  console.log(`${done}: slowest ${slowest.toFixed(2)} s, resident ${resident} MB, at most ${peak} MB`);
}
