import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { lock, removeUnfinished } from "../../src/platform/node/lock.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true }));

const ended = () => spawnSync(process.execPath, ["-e", ""]).pid;

it("is had by one at a time, and leaves nothing", async () => {
  const release = await lock(path);
  expect(await readFile(path, "utf8")).toContain(String(process.pid));
  expect(await lock(path)).toBeUndefined();
  await release?.();
  expect(await readdir(folder)).toEqual([]);
  expect(await lock(path)).toBeDefined();
});

it.each([
  ["a process that has ended", () => `${ended()} ${hostname()}\n`],
  ["a process that was killed while it claimed", () => ""],
])("is taken over from %s", async (_, text) => {
  await writeFile(path, text());
  expect(await lock(path)).toBeDefined();
  expect(await readFile(path, "utf8")).toContain(String(process.pid));
});

it("is left to a process of another machine, of which nothing can be known", async () => {
  await writeFile(path, `${ended()} another-host\n`);
  expect(await lock(path)).toBeUndefined();
});

it("removes files that were not finished, and no others", async () => {
  for (const name of [".fovea-1-2.tmp", "last.h5", ".other.tmp", "notes.tmp"])
    await writeFile(join(folder, name), "");
  await removeUnfinished(folder);
  expect((await readdir(folder)).sort()).toEqual([".other.tmp", "last.h5", "notes.tmp"]);
});
