import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isEntry, removeFile, shards } from "./cache-entries.ts";

/** After this many entries no further sub-folder is looked into: the others are like those, for keys are hashes. */
const ENOUGH_ENTRIES = 20_000;

/** Files that are looked at together. */
const AT_ONCE = 32;

/** What a file takes on most disks is a multiple of this. */
const BLOCK = 4096;

export interface SurveyedEntry {
  readonly path: string;
  readonly bytes: number;
  /** In milliseconds. */
  readonly usedAt: number;
}

export interface Survey {
  /** Of all entries. Exact for a folder of up to 20,000; of a larger one, what a part of it suggests. */
  readonly bytes: number;
  /** How many entries there are for each that was looked at. */
  readonly share: number;
  /** When those that were looked at were used, in milliseconds, and what they take. */
  readonly sample: readonly { readonly usedAt: number; readonly bytes: number }[];
}

/** What an entry of so many bytes takes on the disk. */
export const bytesOnDisk = (bytes: number) => Math.ceil(bytes / BLOCK) * BLOCK;

/** What lies in the folder, in a time and a memory that have a limit however much it is. */
export async function survey(folder: string, enough = ENOUGH_ENTRIES): Promise<Survey> {
  const sample: { usedAt: number; bytes: number }[] = [];
  let [bytes, looked] = [0, 0];
  for (const shard of shards) {
    if (sample.length >= enough) break;
    for await (const entry of entriesIn(join(folder, shard))) {
      sample.push({ usedAt: entry.usedAt, bytes: entry.bytes });
      bytes += entry.bytes;
    }
    looked++;
  }
  const share = shards.length / looked;
  return { bytes: bytes * share, share, sample };
}

/**
 * The moment such that the entries used up to then take at least `bytes`; those used from `before` on are not to go, so where all
 * others take less, it is the last of theirs.
 */
export function momentToFree({ sample, share }: Survey, bytes: number, before: number): number {
  const old = sample.filter(({ usedAt }) => usedAt < before).sort((a, b) => a.usedAt - b.usedAt);
  let freed = 0;
  for (const entry of old) {
    freed += entry.bytes * share;
    if (freed >= bytes) return entry.usedAt;
  }
  return old.at(-1)?.usedAt ?? Number.NEGATIVE_INFINITY;
}

/** Removes the entries that were used at that moment at the latest. Bytes that are free now. */
export async function removeUsedUpTo(folder: string, moment: number): Promise<number> {
  let freed = 0;
  for (const shard of shards) {
    for await (const { path, bytes, usedAt } of entriesIn(join(folder, shard))) {
      if (usedAt <= moment && (await removeFile(path))) freed += bytes;
    }
  }
  return freed;
}

/** Entries of one sub-folder. What another process takes away meanwhile is passed over. */
async function* entriesIn(shard: string): AsyncGenerator<SurveyedEntry> {
  const names = (await readdir(shard).catch(() => [])).filter(isEntry);
  for (let begin = 0; begin < names.length; begin += AT_ONCE) {
    const paths = names.slice(begin, begin + AT_ONCE).map((name) => join(shard, name));
    const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
    for (const [index, stats] of found.entries()) {
      if (stats) yield { path: paths[index], bytes: bytesOnDisk(stats.size), usedAt: stats.mtimeMs };
    }
  }
}
