import { appendFile, mkdir } from "node:fs/promises";
import { arch, cpus, freemem, hostname, release, type as systemName, totalmem } from "node:os";
import { resolve } from "node:path";
import type { Machine, MachineDescription } from "../../tasks/machine.ts";
import { openPhotoFolder } from "./cache-folder.ts";
import { freeMemory, returnFreed } from "./collect.ts";
import { fileError } from "./files.ts";
import { readTextFontFile } from "./font.ts";
import { lock, removeUnfinished } from "./lock.ts";
import { nodePlatform } from "./node-platform.ts";
import { packageVersion } from "./package-version.ts";
import { renderSvg, renderSvgToPng } from "./render.ts";

/** All that the tasks need, from Node. */
export const nodeMachine: Machine = {
  ...nodePlatform,
  absolute: (path) => resolve(path),
  claimFolder,
  lock,
  removeUnfinished,
  appendFile: async (path, bytes) => {
    try {
      await appendFile(path, bytes);
    } catch (error) {
      throw fileError(error, "write", path);
    }
  },
  renderSvg,
  renderSvgToPng,
  readTextFont: readTextFontFile,
  now: () => new Date(),
  clock: () => performance.now(),
  freeMemory,
  returnFreed,
  availableMemory: () => process.availableMemory?.() ?? freemem(),
  openPhotoFolder,
  describe,
};

async function claimFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw fileError(error, "make the folder", path);
  }
}

function describe(): MachineDescription {
  const { node, v8 } = process.versions;
  return {
    host: hostname(),
    processId: process.pid,
    system: `${systemName()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: nodePlatform.cores,
    memoryBytes: totalmem(),
    versions: { fovea: packageVersion(), node, v8 },
  };
}
