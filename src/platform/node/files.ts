import { createHash, webcrypto } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DirectoryEntry, FileContent, StagedFile } from "../../data/platform.ts";
import { InputError } from "../../util/errors.ts";

/** What stands at a path, links followed; `undefined` where nothing is. */
export async function kindOf(path: string): Promise<DirectoryEntry["kind"] | undefined> {
  try {
    return kindOfStats(await stat(path));
  } catch (error) {
    if (isNodeError(error) && ["ENOENT", "ENOTDIR", "ELOOP"].includes(error.code)) return undefined;
    throw fileError(error, "look at", path);
  }
}

/** Entries of a folder in no particular order; a link that leads nowhere is "other". */
export async function list(folder: string): Promise<DirectoryEntry[]> {
  return orFileError("list", folder, async () => {
    const entries = await readdir(folder, { withFileTypes: true });
    return Promise.all(
      entries.map(async (entry): Promise<DirectoryEntry> => {
        const { name } = entry;
        if (!entry.isSymbolicLink()) return { name, kind: kindOfStats(entry) };
        const kind = await kindOf(join(folder, name)).catch(() => undefined);
        return { name, kind: kind ?? "other", link: true };
      }),
    );
  });
}

/** Bytes of a file; 0 where nobody can tell. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** All bytes of a file. */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  return orFileError("read", path, async () => {
    const file = await open(path);
    try {
      return await readAll(file);
    } finally {
      await file.close();
    }
  });
}

/** In as few reads as the system allows: `readFile` takes 512 KB at a time, each by way of another thread. */
async function readAll(file: FileHandle): Promise<Uint8Array> {
  const { size } = await file.stat();
  const bytes = new Uint8Array(size);
  for (let end = 0; end < size; ) {
    const { bytesRead } = await file.read(bytes, end, size - end);
    if (bytesRead === 0) return bytes.subarray(0, end);
    end += bytesRead;
  }
  // what has no size, such as a pipe, or has grown since
  const rest = await file.readFile();
  return rest.length === 0 ? bytes : new Uint8Array(Buffer.concat([bytes, rest]));
}

/** Makes the folder and those above it. */
export async function makeFolder(path: string): Promise<void> {
  await orFileError("make the folder", path, () => mkdir(path, { recursive: true }));
}

/** Bytes that are hashed sooner than another thread is asked to: 40 microseconds. */
const HASHED_AT_ONCE = 16 * 1024;

const UNFINISHED = ".fovea-";

/** Whether a file of this name is one that `writeWholeFile` had begun. */
export function isUnfinished(name: string): boolean {
  return name.startsWith(UNFINISHED) && name.endsWith(".tmp");
}

/**
 * Replaces a file in one step: writes beside it, syncs, renames. Whoever looks, even after a crash, finds the old
 * file or the new one, never a part.
 */
export async function writeWholeFile(path: string, content: FileContent): Promise<void> {
  await (await stageFile(path, content)).settle();
}

/** Does the first half of it, the writing, and leaves the second to its caller. */
export async function stageFile(path: string, content: FileContent): Promise<StagedFile> {
  const folder = dirname(path);
  const beside = join(folder, `${UNFINISHED}${webcrypto.randomUUID()}.tmp`); // hidden, so that no scan takes it for a photo
  const file = await orFileError("write", path, () => open(beside, "wx"));
  const drop = async () => {
    await file.close();
    await rm(beside, { force: true });
  };
  const orDrop = (work: () => Promise<void>) =>
    orFileError("write", path, () =>
      work().catch(async (error) => {
        await drop();
        throw error;
      }),
    );
  await orDrop(() => writeContent(file, content));
  const settle = async () => {
    await orDrop(async () => {
      await file.sync();
      await file.close();
      await rename(beside, path);
    });
    await syncFolder(folder);
  };
  return { read: () => readWholeFile(beside), settle, drop };
}

/** SHA-256 in lower-case hexadecimal, computed off the event loop. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= HASHED_AT_ONCE) return createHash("sha256").update(bytes).digest("hex");
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex");
}

/** The same memory as a plain `Uint8Array`, for a Buffer's methods differ (its `slice` does not copy). */
export function withoutBuffer(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

interface NodeError extends Error {
  readonly code: string;
}

const refusals: Record<string, readonly [code: string, why: string]> = {
  ENOENT: ["file.not-found", "nothing is there"],
  ENOTDIR: ["file.not-found", "a part of the path is a file, not a folder"],
  EACCES: ["file.no-permission", "permission is missing"],
  EPERM: ["file.no-permission", "permission is missing"],
  EROFS: ["file.no-permission", "the file system can only be read"],
  ENOSPC: ["file.no-space", "the disk is full"],
  EDQUOT: ["file.no-space", "the disk quota is used up"],
  EISDIR: ["file.is-a-folder", "it is a folder"],
  EEXIST: ["file.exists", "something else is there already"],
  ENAMETOOLONG: ["file.bad-name", "the name is too long"],
  ELOOP: ["file.bad-name", "its links lead in a circle"],
  EMFILE: ["file.too-many-open", "too many files are open"],
  ENFILE: ["file.too-many-open", "too many files are open"],
  EIO: ["file.device-error", "the device reports an error"],
  ERR_FS_FILE_TOO_LARGE: ["file.too-large", "it is larger than 2 GB"],
};

/** Bytes of a name that are no UTF-8 come as "\ufffd", by which nothing is found. */
const notUtf8: (typeof refusals)[string] = ["file.bad-name", "its name is no valid UTF-8; rename it"];

/** Turns a refusal of the operating system into an `InputError` that names the path; leaves bugs as they are. */
export function fileError(error: unknown, action: string, path: string): unknown {
  if (!isNodeError(error) || !Object.hasOwn(refusals, error.code)) return error;
  const [code, why] = error.code === "ENOENT" && path.includes("\ufffd") ? notUtf8 : refusals[error.code];
  return new InputError(code, `Cannot ${action} "${path}": ${why}`, { cause: error });
}

async function orFileError<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, action, path);
  }
}

function isNodeError(error: unknown): error is NodeError {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function kindOfStats(stats: { isFile(): boolean; isDirectory(): boolean }): DirectoryEntry["kind"] {
  if (stats.isFile()) return "file";
  return stats.isDirectory() ? "directory" : "other";
}

async function writeContent(file: FileHandle, content: FileContent): Promise<void> {
  const isWhole = typeof content === "string" || content instanceof Uint8Array;
  // each where the last one ended; all together by one `writev` took three times as long, measured on ext4
  for (const piece of isWhole ? [content] : content) await file.writeFile(piece);
}

/** Makes the new name itself last; where a folder cannot be synced (Windows), the file system orders it anyway. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
