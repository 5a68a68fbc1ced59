import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The Chromium of FOVEA_CHROMIUM, of Debian, or on the PATH; undefined where there is none. */
export function findChromium(): string | undefined {
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "chromium"));
  const places = [process.env.FOVEA_CHROMIUM ?? "", "/usr/bin/chromium", ...onPath];
  return places.find((place) => place !== "" && existsSync(place) && starts(place));
}

function starts(path: string): boolean {
  return spawnSync(path, ["--version"], { timeout: 30_000 }).status === 0;
}
