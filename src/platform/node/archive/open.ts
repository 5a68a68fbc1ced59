import { createReadStream } from "node:fs";
import { freemem } from "node:os";
import { createGunzip } from "node:zlib";
import type { Archive } from "../../../data/archive.ts";
import { InputError } from "../../../util/errors.ts";
import { fileError } from "../files.ts";
import { readHead } from "../read-head.ts";
import { openBytes, type RandomAccess, SpillBuffer } from "./bytes.ts";
import { openTar } from "./tar.ts";
import { openZip } from "./zip.ts";

/** A tar header says "ustar" here; older ones say nothing, and go by their name. */
const USTAR_AT = 257;
const HEAD = 512;

/** Of a file with entries, and of one without. */
const zipMagics = ["PK\x03\x04", "PK\x05\x06"];

/** Archives that people have and that are not read, by how they begin. */
const unsupported: readonly (readonly [name: string, magic: string])[] = [
  ["7-Zip", "7z\xbc\xaf\x27\x1c"],
  ["RAR", "Rar!\x1a\x07"],
  ["xz", "\xfd7zXZ\0"],
  ["bzip2", "BZh"],
  ["Zstandard", "\x28\xb5\x2f\xfd"],
];

/** What a packed tar file may unpack to. */
export interface UnpackLimits {
  /** Kept in memory up to here, in a nameless temporary file from there on. */
  readonly inMemory: number;
  /** No more than this many times the packed bytes … */
  readonly ratio: number;
  /** … unless it is less than this. */
  readonly harmless: number;
}

/** Photos do not shrink when they are packed; drawings in BMP may, to a hundredth at the very best. */
const defaultLimits = (): UnpackLimits => ({
  inMemory: Math.min(256 * 1024 * 1024, (process.availableMemory?.() ?? freemem()) / 8),
  ratio: 100,
  harmless: 256 * 1024 * 1024,
});

/**
 * Opens a zip file, a tar file or a tar file packed by gzip, told by its content. Undefined where it is none.
 *
 * @throws InputError `archive.…`, `file.…`
 */
export async function openArchive(path: string, limits?: UnpackLimits): Promise<Archive | undefined> {
  const head = Buffer.from(await readHead(path, HEAD)).toString("latin1");
  if (zipMagics.some((magic) => head.startsWith(magic))) return openZip(path);
  if (isTar(head, path)) return openTarBytes(await openBytes(path), path);
  if (head.startsWith("\x1f\x8b")) return openTarBytes(await gunzip(path, limits ?? defaultLimits()), path);
  const found = unsupported.find(([, magic]) => head.startsWith(magic));
  if (found === undefined) return undefined;
  throw new InputError(
    "archive.unsupported",
    `Expected a .zip, .tar or .tar.gz, found ${found[0]} at "${path}"; unpack it and name the folder`,
  );
}

function isTar(head: string, path: string): boolean {
  return head.startsWith("ustar", USTAR_AT) || (/\.tar$/i.test(path) && head.length === HEAD);
}

async function openTarBytes(bytes: RandomAccess, path: string): Promise<Archive> {
  try {
    return await openTar(bytes, path);
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

/** gzip has no directory, so all of it is unpacked once; never to a name that the archive chose. */
async function gunzip(path: string, { inMemory, ratio, harmless }: UnpackLimits): Promise<RandomAccess> {
  const input = createReadStream(path);
  const output = input.on("error", (error) => output.destroy(error)).pipe(createGunzip());
  const unpacked = new SpillBuffer(inMemory);
  try {
    for await (const piece of output) {
      await unpacked.append(piece);
      if (unpacked.size > Math.max(harmless, ratio * input.bytesRead)) {
        throw new InputError(
          "archive.bomb",
          `Expected an archive that unpacks to at most ${ratio} times its size, found more at "${path}"`,
        );
      }
    }
    return await unpacked.finish();
  } catch (error) {
    await unpacked.drop();
    throw toInputError(error, path);
  } finally {
    input.destroy();
    output.destroy();
  }
}

function toInputError(error: unknown, path: string): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!code.startsWith("Z_")) return fileError(error, "read", path);
  const found = error instanceof Error ? error.message : String(error);
  return new InputError("archive.damaged", `Expected a whole .tar.gz at "${path}", found: ${found}`, {
    cause: error,
  });
}
