import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";

/** Names of the files in a run folder. */
export const runFiles = {
  lock: ".fovea-run.lock",
  config: "config.json",
  split: "split.json",
  classes: "classes.json",
  best: "model.h5",
  last: "last.h5",
  history: "history.csv",
  metrics: "metrics.json",
  predictions: "predictions.csv",
  testUses: "test-uses.jsonl",
  tensorboard: "tensorboard",
  plots: "plots",
  contactSheet: "contact-sheet.png",
} as const;

/** Letters of the data's name in the name of a run; four bytes each at most. */
const LONGEST_NAME = 50;

/**
 * Refuses a folder for results that holds something already, or that would be taken for photos; asked before the work as
 * well as after it.
 * @throws InputError `run.exists`, `run.inside-photos`
 */
export async function checkIsFree(machine: Machine, out: string, data?: string): Promise<void> {
  const kind = await machine.kindOf(out);
  if (kind === undefined || (kind === "directory" && (await machine.list(out)).length === 0)) {
    if (data === undefined || !liesIn(machine, out, data)) return;
    throw new InputError(
      "run.inside-photos",
      `Expected --out outside of the photos in "${data}", found "${out}"`,
    );
  }
  const what = kind === "directory" ? "a folder that is not empty" : "a file";
  const isRun = (await machine.kindOf(machine.join(out, runFiles.config))) === "file";
  const hint = isRun ? "; --resume goes on with a run that is there" : "";
  throw new InputError("run.exists", `Expected --out to name a new folder, found ${what} at "${out}"${hint}`);
}

/**
 * Makes a new run folder: the one named, which must not exist or be empty, or the next free
 * `runs/<data>-<date>-<n>`, never inside the photos.
 * @throws InputError `run.exists`, `run.inside-photos`
 */
export async function makeRunFolder(
  machine: Machine,
  data: string,
  out: string | undefined,
): Promise<string> {
  if (out === undefined) return nextRunFolder(machine, data);
  await checkIsFree(machine, out, data);
  await machine.makeFolder(out);
  return out;
}

async function nextRunFolder(machine: Machine, data: string): Promise<string> {
  const inPhotos = liesIn(machine, "runs", data); // where the command is given in the folder of photos itself
  const runs = inPhotos ? machine.join(machine.absolute(data), "..", "runs") : "runs";
  await machine.makeFolder(runs);
  const date = machine.now().toISOString().slice(0, 10);
  const name = nameOfData(machine.baseName(machine.absolute(data)));
  for (let n = 1; ; n++) {
    const folder = machine.join(runs, `${name}-${date}-${n}`);
    if (await machine.claimFolder(folder)) return folder;
  }
}

/** Without the ending of an archive, a manifest or a model file, and short enough to be the beginning of a name: 255 bytes is all that a name may have. */
function nameOfData(baseName: string): string {
  const letters = [
    ...baseName.replace(/\.(?:zip|tar|tgz|tar\.gz|csv|jsonl|ndjson|keras|h5|hdf5|onnx|json)$/i, ""),
  ];
  return letters.slice(0, LONGEST_NAME).join("") || "data";
}

/** Whether a path is a folder, or lies in it. */
export function liesIn(machine: Machine, path: string, folder: string): boolean {
  const [inner, outer] = [machine.absolute(path), machine.absolute(folder)];
  return inner === outer || inner.startsWith(machine.join(outer, "_").slice(0, -1));
}

/**
 * Works on a run that no other process works on meanwhile.
 * @throws InputError `run.in-use`
 */
export async function withRun<T>(machine: Machine, folder: string, work: () => Promise<T>): Promise<T> {
  const release = await machine.lock(machine.join(folder, runFiles.lock));
  if (release === undefined) {
    throw new InputError(
      "run.in-use",
      `Expected a run that nobody works on, found another process at work in "${folder}" (it has "${runFiles.lock}")`,
    );
  }
  try {
    await machine.removeUnfinished(folder);
    return await work();
  } finally {
    await release();
  }
}
