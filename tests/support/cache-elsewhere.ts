import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** No test, nor a command that it starts, may write into the cache folder of the user who runs the tests. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "fovea-cache-"));
  process.env.XDG_CACHE_HOME = folder;
  process.env.LOCALAPPDATA = folder;
  if (process.platform === "darwin") process.env.HOME = folder; // which has no name of its own for it
  return () => rmSync(folder, { recursive: true, force: true });
}
