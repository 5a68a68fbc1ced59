import { open, readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { fileError, isUnfinished } from "./files.ts";

/** Claims are tried again this often where the one before was a process that has ended. */
const TRIES = 3;

/**
 * Claims a file by making it, with the number of this process in it. A claim of a process that has ended counts no more; of one
 * on another machine nobody can tell, so it counts.
 */
export async function lock(path: string): Promise<(() => Promise<void>) | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await make(path)) return () => rm(path, { force: true });
    if (await isHeld(path)) return undefined;
    await rm(path, { force: true });
  }
  return undefined;
}

async function make(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(`${process.pid} ${hostname()}\n`);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw fileError(error, "write", path);
  }
}

async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, "utf8").catch(() => "");
  const [processId, host] = text.trim().split(" ");
  if (!/^[1-9]\d*$/.test(processId)) return false; // killed while it was made
  return host !== hostname() || isAlive(Number(processId));
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // another user's
  }
}

/** Removes what `writeWholeFile` had not finished when a process was killed. */
export async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(names.filter(isUnfinished).map((name) => rm(join(folder, name), { force: true })));
}
