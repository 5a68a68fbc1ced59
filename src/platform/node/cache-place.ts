import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UNFINISHED } from "./cache-entries.ts";

/** In the user's cache folder, or in the one that was named: nothing outside of it is touched. */
const OWN_FOLDER = "decoded-photos";

/** No write takes as long: what is older was left by a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Backup programs know a folder by it that need not be kept: https://bford.info/cachedir/ */
const tag = `Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by fovea.
# For information about cache directory tags, see https://bford.info/cachedir/
`;

const explanation = `Photos that fovea train has decoded, so that it need not do so again. All of this may be deleted at any time, also while
fovea is running. --cache none keeps it from coming back, --cache <folder> puts it elsewhere, --cache-size <size> bounds it.
`;

/**
 * The folder of entries: in the one named, or where the system has such things for this user (`XDG_CACHE_HOME` or ~/.cache,
 * ~/Library/Caches, %LOCALAPPDATA%).
 */
export async function cachePlace(named: string | undefined): Promise<string> {
  if (named !== undefined) return join(resolve(named), OWN_FOLDER);
  const { default: envPaths } = await import("env-paths"); // which asks the system for a home when it loads
  return join(resolve(envPaths("fovea", { suffix: "" }).cache), OWN_FOLDER);
}

/** Makes the folder where it is not, says in it what it is, and removes what killed processes left in it. */
export async function preparePlace(folder: string): Promise<void> {
  await mkdir(join(folder, UNFINISHED), { recursive: true });
  await writeOnce(join(folder, "CACHEDIR.TAG"), tag);
  await writeOnce(join(folder, "README.txt"), explanation);
  await removeAbandoned(join(folder, UNFINISHED));
}

async function writeOnce(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: "wx" }).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (name.endsWith(".tmp") && Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { force: true });
  }
}
