import { statfs } from "node:fs/promises";
import { bytesOnDisk, momentToFree, removeUsedUpTo, survey } from "./cache-survey.ts";

/** The default bound; and never more than half of what the disk would have free without the cache. */
const MOST = 20e9;

/** What is left of a full cache: making room a little at a time would look at all entries as often. */
const KEPT = 7 / 8;

export interface RoomOptions {
  readonly folder: string;
  /** What all entries may take together, in bytes. */
  readonly limit?: number | undefined;
  /** Entries used from then on, in milliseconds, are never removed. */
  readonly since: number;
}

/** The room that entries may take on the disk. */
export interface CacheRoom {
  /** Does `work`, which writes so many bytes, where there is room for them or room can be made. Otherwise false, from then on. */
  use(bytes: number, work: () => Promise<void>): Promise<boolean>;
  /** What all entries may take together, as it was found last. */
  readonly bound: number;
}

/**
 * Counts what this process writes from what lay there before, and looks again every now and then, for others write into the same
 * folder: when a quarter of the room that was left has been used. What was used longest ago goes first.
 */
export function createRoom({ folder, limit, since }: RoomOptions): CacheRoom {
  let [bound, used] = [0, 0];
  let lookAgainAt = 0;
  let full = false;
  let turn: Promise<unknown> = Promise.resolve();
  const writing = new Set<Promise<void>>();

  async function look(bytes: number): Promise<void> {
    await Promise.allSettled(writing); // or some would be counted neither as there nor as on their way
    const found = await survey(folder);
    bound = limit ?? (await defaultBound(folder, found.bytes));
    used = found.bytes;
    const excess = used + bytes - bound;
    if (excess > 0) {
      const moment = momentToFree(found, excess + bound * (1 - KEPT), since);
      if (moment > Number.NEGATIVE_INFINITY) used -= await removeUsedUpTo(folder, moment);
    }
    lookAgainAt = Math.min(bound, used + Math.max((bound - used) / 4, bound / 32));
  }

  async function take(bytes: number): Promise<boolean> {
    if (!full && used + bytes > lookAgainAt) await look(bytes);
    full ||= used + bytes > bound;
    if (full) return false;
    used += bytes;
    return true;
  }

  /** Begins the work where there is room. In an object, for a promise would wait for the one in it. */
  async function begin(bytes: number, work: () => Promise<void>) {
    if (!(await take(bytes))) return undefined;
    const done = work();
    writing.add(done);
    const drop = () => writing.delete(done);
    done.then(drop, drop);
    return { done };
  }

  return {
    async use(length, work) {
      const begun = turn.then(() => begin(bytesOnDisk(length), work)); // one at a time: two that look would both make room
      turn = begun.catch(() => undefined);
      const written = await begun;
      await written?.done;
      return written !== undefined;
    },
    get bound() {
      return bound;
    },
  };
}

async function defaultBound(folder: string, usedBytes: number): Promise<number> {
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined) return MOST;
  return Math.min(MOST, (disk.bavail * disk.bsize + usedBytes) / 2);
}
