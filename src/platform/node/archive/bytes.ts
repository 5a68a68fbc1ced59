import { webcrypto } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileError } from "../files.ts";

/** Bytes that can be read anywhere. */
export interface RandomAccess {
  readonly size: number;
  /** So many bytes from here on; fewer where there are no more. */
  read(from: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export async function openBytes(path: string): Promise<RandomAccess> {
  try {
    return await bytesOfFile(await open(path), path);
  } catch (error) {
    throw fileError(error, "read", path);
  }
}

async function bytesOfFile(file: FileHandle, path: string): Promise<RandomAccess> {
  const { size } = await file.stat();
  return {
    size,
    read: async (from, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - from)));
      try {
        let end = 0;
        while (end < bytes.length) {
          const { bytesRead } = await file.read(bytes, end, bytes.length - end, from + end);
          if (bytesRead === 0) break;
          end += bytesRead;
        }
        return bytes.subarray(0, end);
      } catch (error) {
        throw fileError(error, "read", path);
      }
    },
    close: () => file.close(),
  };
}

/** Takes pieces one behind the other: in memory up to a limit, and all of it in a nameless file from there on. */
export class SpillBuffer {
  private pieces: Uint8Array[] = [];
  private file: FileHandle | undefined;
  private readonly inMemory: number;
  size = 0;

  constructor(inMemory: number) {
    this.inMemory = inMemory;
  }

  async append(piece: Uint8Array): Promise<void> {
    this.size += piece.length;
    if (this.file === undefined && this.size <= this.inMemory) {
      this.pieces.push(piece);
      return;
    }
    this.file ??= await openNameless();
    const pieces = [...this.pieces, piece];
    this.pieces = [];
    try {
      for (const each of pieces) await this.file.writeFile(each); // each where the last one ended
    } catch (error) {
      throw fileError(error, "unpack to", tmpdir());
    }
  }

  async finish(): Promise<RandomAccess> {
    if (this.file !== undefined) return bytesOfFile(this.file, tmpdir());
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    return {
      size: bytes.length,
      read: async (from, length) => new Uint8Array(bytes.subarray(from, from + length)),
      close: async () => {},
    };
  }

  async drop(): Promise<void> {
    this.pieces = [];
    await this.file?.close();
  }
}

/** A file that goes when it is closed, or when the process ends in whatever way: its name is gone at once. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `.fovea-${webcrypto.randomUUID()}.tmp`);
  try {
    const file = await open(path, "wx+", 0o600);
    await rm(path, { force: true });
    return file;
  } catch (error) {
    throw fileError(error, "unpack to", path);
  }
}
