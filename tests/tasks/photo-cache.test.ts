import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Platform } from "../../src/data/platform.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import type { CacheOptions } from "../../src/tasks/photo-cache.ts";
import { resume, train } from "../../src/tasks/train.ts";
import { drawPhotos, makeScratch, outcomeOf, readJson, smallOptions, stopAfter } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = await drawPhotos(join(scratch, "photos"));
const cache = join(scratch, "cache");
const onDisk = { cacheMemory: "0", cache };
const all = 40;

const entries = async () =>
  (await readdir(cache, { recursive: true }).catch(() => []))
    .filter((name) => name.endsWith(".photo"))
    .map((name) => join(cache, name));

/** Trains, and counts what is decoded meanwhile. */
async function run(name: string, options: CacheOptions, during: { onEpoch?: () => Promise<void> } = {}) {
  let decoded = 0;
  const decode: Platform["decode"] = (...words) => {
    decoded++;
    return nodeMachine.decode(...words);
  };
  const notices: string[] = [];
  const waiting: Promise<void>[] = [];
  const out = join(scratch, name);
  await train(
    { ...nodeMachine, decode },
    {
      data: photos,
      out,
      ...smallOptions,
      ...options,
      observe: (event) => {
        if (event.type === "notice") notices.push(event.text);
        if (event.type === "epoch" && during.onEpoch) waiting.push(during.onEpoch());
      },
    },
  );
  await Promise.all(waiting);
  return { outcome: await outcomeOf(out), decoded, notices, out };
}

const expected = (await run("in-memory", { cache: "none" })).outcome;

describe("where decoded photos are kept", () => {
  it("is memory alone where there is room, and nothing is written", async () => {
    const { outcome, decoded } = await run("with-room", { cache });
    expect(outcome).toEqual(expected);
    expect(decoded).toBe(all);
    expect(await entries()).toEqual([]);
  });

  it("may be nowhere: each epoch decodes anew, to the same bits", async () => {
    const { outcome, decoded } = await run("nowhere", { cacheMemory: "0", cache: "none" });
    expect(outcome).toEqual(expected);
    expect(decoded).toBeGreaterThan(3 * all);
  });

  it("is the disk where memory has no room, for later runs too, to the same bits", async () => {
    const first = await run("disk-1", onDisk);
    expect(first.decoded).toBe(all);
    expect(first.outcome).toEqual(expected);
    expect(await entries()).toHaveLength(all);
    const second = await run("disk-2", onDisk);
    expect(second.decoded).toBe(0);
    expect(second.outcome).toEqual(expected);
  });

  it("is both where memory has room for some", async () => {
    const { outcome, decoded } = await run("some-of-each", {
      cacheMemory: "60KB",
      cache: join(scratch, "some"),
    });
    expect(outcome).toEqual(expected);
    expect(decoded).toBe(all);
    const written = (await readdir(join(scratch, "some"), { recursive: true })).filter((name) =>
      name.endsWith(".photo"),
    );
    expect(written.length).toBeGreaterThan(5);
    expect(written.length).toBeLessThan(all - 5);
  });

  it("may be damaged: what does not have its checksum is decoded and written anew", async () => {
    const files = await entries();
    for (const file of files.slice(0, 7)) {
      const bytes = await readFile(file);
      bytes[bytes.length >> 1] ^= 16;
      await writeFile(file, bytes);
    }
    await writeFile(files[8], "");
    const { outcome, decoded, notices } = await run("damaged", onDisk);
    expect(decoded).toBe(8);
    expect(outcome).toEqual(expected);
    expect(notices).toEqual([]);
    expect((await run("repaired", onDisk)).decoded).toBe(0);
  });

  it("may be deleted while a run goes on", async () => {
    const { outcome, decoded, notices } = await run("deleted", onDisk, {
      onEpoch: () => rm(cache, { recursive: true, force: true, maxRetries: 9 }),
    });
    expect(outcome).toEqual(expected);
    expect(decoded).toBeGreaterThan(0);
    expect(notices).toEqual([]);
  });

  it("may be shared by runs at the same time", async () => {
    const both = await Promise.all([run("at-once-1", onDisk), run("at-once-2", onDisk)]);
    for (const { outcome } of both) expect(outcome).toEqual(expected);
    expect(await entries()).toHaveLength(all);
  });

  it("may be full or refused, which is said once and ends nothing", async () => {
    const small = await run("small", {
      cacheMemory: "0",
      cache: join(scratch, "small-cache"),
      cacheSize: "41KB",
    });
    expect(small.outcome).toEqual(expected);
    expect(small.notices).toEqual([expect.stringContaining("has no room left in its 41 KB (--cache-size)")]);
    await writeFile(join(scratch, "a-file"), "");
    const refused = await run("refused", { cacheMemory: "0", cache: join(scratch, "a-file") });
    expect(refused.outcome).toEqual(expected);
    expect(refused.notices).toEqual([
      expect.stringMatching(/^Cannot cache decoded photos in ".*a-file.*decoded again/),
    ]);
  });

  it("is no part of a run, which goes on with another, to the same bits", async () => {
    const out = join(scratch, "goes-on");
    await train(nodeMachine, { data: photos, out, ...smallOptions, ...onDisk, ...stopAfter(2, 1) });
    const { options } = await readJson(out, "config.json");
    expect(Object.keys(options).filter((name) => name.startsWith("cache"))).toEqual([]);
    await resume(nodeMachine, { run: out, cacheMemory: "0", cache: "none" });
    expect(await outcomeOf(out)).toEqual(expected);
  });

  it("is refused inside of the photos, where it would be taken for a class, and where a size is none", async () => {
    const given = { data: photos, out: join(scratch, "never"), ...smallOptions };
    const inside = {
      code: "cache.inside-photos",
      message: expect.stringContaining("Expected --cache outside of"),
    };
    await expect(train(nodeMachine, { ...given, cache: join(photos, "cache") })).rejects.toMatchObject(
      inside,
    );
    const bad = (name: string, found: string) => ({
      code: "option.bad-value",
      message: `Expected ${name} to be a size such as 500MB or 2GB, found "${found}"`,
    });
    await expect(train(nodeMachine, { ...given, cacheMemory: "much" })).rejects.toMatchObject(
      bad("cacheMemory", "much"),
    );
    await expect(train(nodeMachine, { ...given, cacheSize: "-1" })).rejects.toMatchObject(
      bad("cacheSize", "-1"),
    );
    await expect(train(nodeMachine, { ...given, cache: "" })).rejects.toMatchObject({
      code: "option.bad-value",
    });
  });
});
