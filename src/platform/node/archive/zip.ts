import { promisify } from "node:util";
import { constants, crc32, inflateRaw as inflateRawCallback, type ZlibOptions } from "node:zlib";
import type { Entry } from "yauzl";
import type { Archive, ArchiveEntry } from "../../../data/archive.ts";
import { InputError } from "../../../util/errors.ts";
import { openBytes, type RandomAccess } from "./bytes.ts";

const inflateRaw: (bytes: Uint8Array, options: ZlibOptions) => Promise<Uint8Array> =
  promisify(inflateRawCallback);

/** Unpacked bytes of one entry at most: no photo that is decoded is larger. */
const LARGEST_ENTRY = 0x7fffffff;
const LOCAL_HEADER = 30;
const LOCAL_SIGNATURE = 0x04034b50;
/** `S_IFLNK` and its mask, in the upper half of the attributes that Unix tools write. */
const FILE_TYPE = 0o170000;
const LINK = 0o120000;

/** What reading takes of a directory entry; the library's own object is ten times as large. */
interface ZipEntry extends ArchiveEntry {
  readonly offset: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly crc: number;
  /** Why it cannot be read, where it cannot. */
  readonly refusal?: InputError;
  readonly deflated: boolean;
}

/** Reads a zip file's directory; entries are read from the file when they are wanted. */
export async function openZip(path: string): Promise<Archive> {
  const entries = await readDirectory(path);
  const bytes = await openBytes(path);
  return {
    entries,
    read: (index, length) => readEntry(bytes, path, entries[index], length),
    close: () => bytes.close(),
  };
}

async function readDirectory(path: string): Promise<ZipEntry[]> {
  const { openPromise } = await import("yauzl");
  const entries: ZipEntry[] = [];
  try {
    const file = await openPromise(path);
    for await (const entry of file.eachEntry()) entries.push(toZipEntry(entry));
    return entries;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const unsafe = /^(?:invalid relative path|absolute path|invalid characters in fileName)/.test(found);
    throw unsafe
      ? new InputError(
          "archive.unsafe-path",
          `Expected entries that stay inside the archive "${path}", found ${found}; nothing of it is read`,
          { cause: error },
        )
      : new InputError("archive.damaged", `Expected a whole zip file at "${path}", found: ${found}`, {
          cause: error,
        });
  }
}

function toZipEntry(entry: Entry): ZipEntry {
  const path = pathOf(entry);
  const { compressionMethod, uncompressedSize: size, compressedSize, crc32: crc } = entry;
  const isLink = ((entry.externalFileAttributes >>> 16) & FILE_TYPE) === LINK;
  const kind = path.endsWith("/") ? "directory" : isLink ? "other" : "file";
  const refusal = refusalOf(entry);
  const offset = entry.relativeOffsetOfLocalHeader;
  return {
    path,
    kind,
    offset,
    compressedSize,
    size,
    crc,
    deflated: compressionMethod === 8,
    ...(refusal && { refusal }),
  };
}

/** Most tools write UTF-8 without saying so; only what is none is of code page 437. */
function pathOf({ fileName, fileNameRaw }: Entry): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(fileNameRaw).replaceAll("\\", "/");
  } catch {
    return fileName;
  }
}

function refusalOf(entry: Entry): InputError | undefined {
  const { fileName, compressionMethod, uncompressedSize } = entry;
  if (entry.isEncrypted()) {
    return new InputError(
      "archive.encrypted",
      `Expected entries without a password, found "${fileName}" encrypted`,
    );
  }
  if (compressionMethod !== 0 && compressionMethod !== 8) {
    return new InputError(
      "archive.unsupported",
      `Expected entries that are stored or deflated, found "${fileName}" packed by method ${compressionMethod}`,
    );
  }
  return uncompressedSize > LARGEST_ENTRY ? tooLarge(fileName, `of ${uncompressedSize} bytes`) : undefined;
}

function tooLarge(path: string, found: string): InputError {
  return new InputError("archive.too-large", `Expected entries of at most 2 GB, found "${path}" ${found}`);
}

async function readEntry(
  bytes: RandomAccess,
  archive: string,
  entry: ZipEntry,
  length?: number,
): Promise<Uint8Array> {
  const { path, refusal, deflated, size, compressedSize, crc } = entry;
  if (refusal) throw refusal;
  const isHead = length !== undefined && length < size;
  // a head needs no more than itself and the tables in front of it, however badly it was packed
  const wanted = isHead ? Math.min(compressedSize, 2 * length + 1024) : compressedSize;
  const start = await dataStart(bytes, archive, entry);
  const packed = await bytes.read(start, wanted);
  if (packed.length < wanted) throw damaged(archive, path, "ends too early");
  const content = deflated ? await inflate(packed, archive, entry, isHead) : packed;
  if (isHead) return content.subarray(0, length);
  if (content.length !== size)
    throw damaged(archive, path, `has ${content.length} bytes where ${size} are announced`);
  if (crc32(content) !== crc) throw damaged(archive, path, "does not match its checksum");
  return content;
}

/** Entries begin with a header whose length the directory does not know. */
async function dataStart(bytes: RandomAccess, archive: string, { path, offset }: ZipEntry): Promise<number> {
  const header = await bytes.read(offset, LOCAL_HEADER);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  if (header.length < LOCAL_HEADER || view.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw damaged(archive, path, "is not where the directory says");
  }
  return offset + LOCAL_HEADER + view.getUint16(26, true) + view.getUint16(28, true);
}

/** Never makes more bytes than are announced, and of a head no more than its packed bytes can hold. */
async function inflate(
  packed: Uint8Array,
  archive: string,
  { path, size }: ZipEntry,
  isHead: boolean,
): Promise<Uint8Array> {
  try {
    const part: ZlibOptions = { finishFlush: constants.Z_SYNC_FLUSH };
    const content = await inflateRaw(packed, isHead ? part : { maxOutputLength: Math.max(1, size) });
    return new Uint8Array(content.buffer, content.byteOffset, content.length);
  } catch (error) {
    const tooMuch = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw damaged(
      archive,
      path,
      tooMuch ? `unpacks to more than the ${size} bytes that are announced` : "cannot be unpacked",
    );
  }
}

function damaged(archive: string, path: string, what: string): InputError {
  return new InputError("archive.damaged", `Cannot read "${path}" of "${archive}": it ${what}`);
}
