import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { loadAddon } from "../../backends/native/addon.ts";
import { takeTurns } from "../../util/pauses.ts";

interface CollectOptions {
  readonly type: "major";
  readonly execution: "sync";
  readonly flavor: "last-resort";
}

let collect: ((options?: CollectOptions) => void) | undefined;

/**
 * Frees what nobody holds any more, now. V8 counts a decoded photo as the few bytes of its handle and lets hundreds of
 * megabytes pile up before it looks; 10 ms here keep the peak of a folder of large photos at the largest of them.
 */
export function collectGarbage(): void {
  collector()();
}

function collector(): NonNullable<typeof collect> {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as NonNullable<typeof collect>;
  }
  return collect;
}

/**
 * The same, and what is free goes back to the system: V8's room for new objects, which grows to 48 MB, and what C code has freed.
 * For moments between two kinds of work: it takes 20 ms.
 *
 * Buffers that nobody holds are freed by another thread, which the second collection waits for. It is one of all only where V8
 * reads the options: that of Node 20 takes any object for the wish to collect what is new.
 */
export async function freeMemory(): Promise<void> {
  const collectNow = collector();
  collectNow();
  await takeTurns();
  collectNow({ type: "major", execution: "sync", flavor: "last-resort" });
  returnFreed();
  await takeTurns();
}

/** What C code has freed goes back to the system. */
export function returnFreed(): void {
  const addon = loadAddon();
  if (!("unavailable" in addon)) addon.trim();
}

/**
 * For a process that is all ours and runs for long, at its beginning. V8's room for new objects stays at the 2 MB that it begins with:
 * it grows to 8 MB while a command is loaded, to 34 while photos are read, and never shrinks. And threads share what is free: while
 * photos are decoded each would collect tens of megabytes of its own.
 */
export function keepMemorySmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  const addon = loadAddon();
  if (!("unavailable" in addon)) addon.shareMemory();
}
