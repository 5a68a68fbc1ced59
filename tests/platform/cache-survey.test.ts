import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entryPath, shards } from "../../src/platform/node/cache-entries.ts";
import { momentToFree, removeUsedUpTo, survey } from "../../src/platform/node/cache-survey.ts";
import { sha256 } from "../../src/platform/node/files.ts";

const count = 2000;
const begin = Date.UTC(2026, 0, 1);
const minute = 60_000;

let folder = "";
/** Entries of one and two blocks by turns, a minute apart. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-survey-"));
  await Promise.all(shards.map((shard) => mkdir(join(folder, shard))));
  for (let n = 0; n < count; n++) {
    const hash = await sha256(new TextEncoder().encode(String(n)));
    const path = entryPath(folder, `${hash}-0123456789abcdef`);
    await writeFile(path, new Uint8Array(n % 2 === 0 ? 100 : 5000));
    const usedAt = new Date(begin + n * minute);
    await utimes(path, usedAt, usedAt);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const bytesOfAll = count * 1.5 * 4096;
const entriesThere = async () =>
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".photo")).length;

describe("a look at the cache", () => {
  it("is exact where it looks at all", async () => {
    const { bytes, sample, share } = await survey(folder);
    expect(bytes).toBe(bytesOfAll);
    expect(sample).toHaveLength(count);
    expect(share).toBe(1);
  });

  it("ends when it has seen enough, and is right about the rest to a few percent", async () => {
    const { bytes, sample, share } = await survey(folder, 500);
    expect(sample.length).toBeGreaterThanOrEqual(500);
    expect(sample.length).toBeLessThan(550);
    expect(share).toBeGreaterThan(3);
    expect(Math.abs(bytes / bytesOfAll - 1)).toBeLessThan(0.1);
  });

  it("of a folder that is not there finds nothing", async () => {
    expect(await survey(join(folder, "none"))).toMatchObject({ bytes: 0, sample: [] });
  });

  it("finds the moment before which as much was used last as is to go", async () => {
    const found = await survey(folder);
    expect(momentToFree(found, 3 * 4096, Number.POSITIVE_INFINITY)).toBe(begin + minute);
    expect(momentToFree(found, 3 * 4096 + 1, Number.POSITIVE_INFINITY)).toBe(begin + 2 * minute);
    expect(momentToFree(found, 1e12, begin + 10 * minute)).toBe(begin + 9 * minute);
    expect(momentToFree(found, 1, begin)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("frees about as much as was wanted, though it looked at a part alone", async () => {
    const wanted = bytesOfAll / 4;
    const moment = momentToFree(await survey(folder, 500), wanted, Number.POSITIVE_INFINITY);
    const freed = await removeUsedUpTo(folder, moment);
    expect(Math.abs(freed / wanted - 1)).toBeLessThan(0.2);
    expect((await survey(folder)).bytes).toBe(bytesOfAll - freed);
    const oldest = Math.min(...(await survey(folder)).sample.map(({ usedAt }) => usedAt));
    expect(oldest).toBeGreaterThan(moment);
    expect(await entriesThere()).toBeLessThan(count);
  });
});
