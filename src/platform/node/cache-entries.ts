import { webcrypto } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withoutBuffer } from "./files.ts";

/** Where files are written until they are whole: one place to look for what killed processes left. */
export const UNFINISHED = "unfinished";

/** What an entry's file may have at most; what is larger was not written by us. The largest picture that a model takes has 192 MB. */
const LARGEST = 256 * 1024 * 1024;

const entryName = /^[0-9a-f]{64}-[0-9a-f]{16}\.photo$/;

/** The sub-folders that entries lie in, by the first two digits of their keys. */
export const shards = Array.from({ length: 256 }, (_, index) => index.toString(16).padStart(2, "0"));

/** Whether a file of a shard is one of ours: no other is ever looked at, counted or removed. */
export const isEntry = (name: string) => entryName.test(name);

export const entryPath = (folder: string, key: string) => join(folder, key.slice(0, 2), `${key}.photo`);

export interface EntryFile {
  readonly bytes: Uint8Array;
  /** When it was used last, in milliseconds. */
  readonly usedAt: number;
}

/** The bytes of a file; undefined where it is not, cannot be read, or is no entry by its size. */
export async function readEntry(path: string): Promise<EntryFile | undefined> {
  const file = await open(path).catch(() => undefined);
  try {
    return file && (await readAll(file));
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

async function readAll(file: FileHandle): Promise<EntryFile> {
  const { size, mtimeMs } = await file.stat();
  const bytes = Buffer.allocUnsafeSlow(Math.min(size, LARGEST)); // not filled with zeros first
  let end = 0;
  while (end < bytes.length) {
    const { bytesRead } = await file.read(bytes, end, bytes.length - end);
    if (bytesRead === 0) break; // cut off meanwhile: what is there is no entry
    end += bytesRead;
  }
  return { bytes: withoutBuffer(bytes.subarray(0, end)), usedAt: mtimeMs };
}

/**
 * Writes an entry beside its place and renames it. Nothing is synced: what a crash of the system loses or leaves in pieces does
 * not have its checksum. Folders that are missing, for somebody clears the cache just now, are made again; what is lost all the
 * same is lost.
 */
export async function writeEntry(folder: string, key: string, pieces: readonly Uint8Array[]): Promise<void> {
  const path = entryPath(folder, key);
  const beside = join(folder, UNFINISHED, `${webcrypto.randomUUID()}.tmp`);
  try {
    await orMakeFolder(beside, () => writeNew(beside, pieces));
    await orMakeFolder(path, () => rename(beside, path));
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    if (!isMissing(error)) throw error;
  }
}

async function writeNew(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const piece of pieces) await writeAll(file, piece);
    const now = new Date();
    await file.utimes(now, now); // by the clock that asks for it later: a file server may have another
  } finally {
    await file.close();
  }
}

/** A disk that is nearly full takes a part, and refuses the next. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let begin = 0; begin < bytes.length; ) {
    begin += (await file.write(bytes, begin)).bytesWritten;
  }
}

async function orMakeFolder(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(dirname(path), { recursive: true });
    await work();
  }
}

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

/** Says that an entry has been used just now. That it cannot be said, on a disk that can only be read, does no harm. */
export async function touchEntry(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}

/** Whether it was there and is no more. */
export async function removeFile(path: string): Promise<boolean> {
  return rm(path).then(
    () => true,
    () => false,
  );
}
