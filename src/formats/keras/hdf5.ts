import type { Dataset, File, Group } from "h5wasm";
import { InputError } from "../../util/errors.ts";

/**
 * HDF5 files in memory, over the HDF5 C library compiled to WebAssembly. The library has its own small file
 * system, where a file lives for the length of one call; nothing here touches the machine's files.
 */

/** The library has failed on a file that it could open: what it read makes no sense. */
const damaged = "model.damaged";

/** The bytes of a new HDF5 file that `build` fills. */
export async function writeHdf5(build: (file: File) => void): Promise<Uint8Array> {
  return withLibrary((library, path) => {
    const file = new library.File(path, "w");
    build(file);
    file.close();
    return filesOf(library).readFile(path);
  });
}

/** What `read` takes from an HDF5 file. Throws an `InputError` where the bytes are not a whole, sound file. */
export async function readHdf5<Result>(bytes: Uint8Array, read: (file: File) => Result): Promise<Result> {
  checkWhole(bytes);
  return withLibrary((library, path) => {
    // The library only reads, so that its file system can use the caller's bytes instead of a copy.
    filesOf(library).writeFile(path, bytes, { canOwn: true });
    try {
      const file = new library.File(path, "r");
      const result = read(file);
      file.close();
      return result;
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(damaged, `Expected a sound HDF5 file, found one that cannot be read${at(error)}`, {
        cause: error,
      });
    }
  });
}

export function damagedModel(message: string): InputError {
  return new InputError(damaged, message);
}

export function writeText(group: Group, name: string, text: string): void {
  group.create_attribute(name, text, [], "S"); // variable length: no limit of 64 KB
}

/** Longer lists are cut in pieces called name0, name1…: an attribute holds at most 64 KB, 16 bytes a string. */
const textsPerAttribute = 4000;

export function writeTexts(group: Group, name: string, texts: readonly string[]): void {
  if (texts.length === 0) {
    group.create_attribute(name, new Float64Array(0), [0]); // an empty list as h5py writes it
  } else if (texts.length <= textsPerAttribute) {
    group.create_attribute(name, [...texts], [texts.length], "S");
  } else {
    for (let start = 0, piece = 0; start < texts.length; start += textsPerAttribute, piece++) {
      writeTexts(group, `${name}${piece}`, texts.slice(start, start + textsPerAttribute));
    }
  }
}

/** The text of an attribute, or `undefined` where there is none. */
export function readText(group: Group, name: string): string | undefined {
  const value = readAttribute(group, name);
  if (value === undefined) return undefined;
  if (typeof value === "string") return value;
  throw damagedModel(`Expected text in attribute "${name}" of ${group.path}, found ${typeof value}`);
}

/** The list of strings that `writeTexts` or Keras has written, whole or in pieces. */
export function readTexts(group: Group, name: string): string[] {
  const whole = readAttribute(group, name);
  if (whole !== undefined) return asTexts(whole, name, group.path);
  const texts: string[] = [];
  for (let piece = 0; ; piece++) {
    const part = readAttribute(group, `${name}${piece}`);
    if (part === undefined) break;
    texts.push(...asTexts(part, name, group.path));
  }
  return texts;
}

function readAttribute(group: Group, name: string): unknown {
  // `attrs` makes a getter for each attribute and reads none, so a missing one is found without an error.
  return Object.hasOwn(group.attrs, name) ? (group.attrs[name]?.value ?? []) : undefined;
}

function asTexts(value: unknown, name: string, path: string): string[] {
  const items = ArrayBuffer.isView(value) ? [] : value; // an empty list is an empty array of numbers
  if (Array.isArray(items) && items.every((item) => typeof item === "string")) return items;
  throw damagedModel(`Expected a list of names in attribute "${name}" of ${path}, found ${typeof value}`);
}

export function writeFloats(
  group: Group,
  name: string,
  shape: readonly number[],
  values: Float32Array | BigInt64Array,
): void {
  group.create_dataset({ name, data: values, shape: [...shape] });
}

/** An array of numbers, as float32. `fileBytes`, the size of the file, bounds what a sound one can hold. */
export function readFloats(
  group: Group,
  name: string,
  fileBytes: number,
): { shape: number[]; values: Float32Array } {
  const dataset = datasetOf(group, name);
  const { size, chunks } = dataset.metadata;
  const shape = dataset.shape ?? [];
  const count = shape.reduce((product, side) => product * side, 1);
  // Asked before memory is taken: a damaged shape can claim any size. Deflate shrinks at most 1,032 times.
  if (count * size > fileBytes * (chunks === null ? 1 : 1032)) {
    throw damagedModel(`Expected at most ${fileBytes} bytes at ${dataset.path}, found the shape [${shape}]`);
  }
  const { value } = dataset;
  if (value instanceof Float32Array) return { shape, values: value };
  if (value instanceof Float64Array) return { shape, values: Float32Array.from(value) };
  if (typeof value === "number") return { shape, values: Float32Array.of(value) };
  throw damagedModel(`Expected float32 or float64 numbers at ${dataset.path}, found ${dataset.dtype}`);
}

/** A whole number that stands alone, such as the updates that an optimizer has made. */
export function readCount(group: Group, name: string): number {
  const dataset = datasetOf(group, name);
  const count = Number(dataset.shape?.length === 0 ? dataset.value : Number.NaN);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw damagedModel(
    `Expected a count at ${dataset.path}, found ${dataset.dtype} of shape [${dataset.shape}]`,
  );
}

function datasetOf(group: Group, name: string): Dataset {
  const found = group.get(name);
  if (found !== null && "metadata" in found && "dtype" in found) return found;
  throw damagedModel(`Expected an array at ${group.path}/${name}, found none`);
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Tells an empty file, another format and a file cut short apart; the library would call all three the same. */
function checkWhole(bytes: Uint8Array): void {
  if (bytes.length === 0) throw new InputError("model.empty-file", "Expected a model, found an empty file");
  if (!signature.every((byte, i) => i >= bytes.length || bytes[i] === byte)) {
    throw new InputError("model.not-hdf5", "Expected an HDF5 file (.h5), found another format");
  }
  const expected = declaredLength(bytes);
  if (expected === undefined || expected > bytes.length) {
    const size = expected === undefined ? "a whole HDF5 file" : `an HDF5 file of ${expected} bytes`;
    throw new InputError(
      "model.truncated",
      `Expected ${size}, found one cut short after ${bytes.length} bytes`,
    );
  }
}

/** The end-of-file address in the superblock (HDF5 File Format Specification, II.A), if the bytes reach to it. */
function declaredLength(bytes: Uint8Array): number | undefined {
  const headerBytes = 48;
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const version = view.getUint8(8);
  const offsetBytes = view.getUint8(version < 2 ? 13 : 9);
  if (version > 3 || offsetBytes !== 8) return 0; // not what we know: left to the library
  const end = view.getBigUint64(version < 2 ? (version === 0 ? 40 : 44) : 28, true);
  return Number(end);
}

type Library = typeof import("h5wasm");

/** The part of the library's file system that is used here; its own types leave some of it out. */
interface MemoryFiles {
  readonly streams: readonly (object | null | undefined)[];
  close(stream: object): void;
  readFile(path: string): Uint8Array;
  writeFile(path: string, bytes: Uint8Array, options: { canOwn: boolean }): void;
  analyzePath(path: string): { exists: boolean };
  unlink(path: string): void;
}

function filesOf(library: Library): MemoryFiles {
  return library.Module.FS as unknown as MemoryFiles;
}

let filesSoFar = 0;

/** Runs `use` with the library and a path of its own, then leaves the library's file system as it was. */
async function withLibrary<Result>(use: (library: Library, path: string) => Result): Promise<Result> {
  const library = await import("h5wasm"); // 4 MB: loaded when the first model is read or written
  const module = await library.ready;
  const files = filesOf(library);
  const path = `/model-${filesSoFar++}.h5`;
  const openBefore = new Set(files.streams);
  module.activate_throwing_error_handler(); // or else failures are printed and go unnoticed
  try {
    return use(library, path);
  } finally {
    module.deactivate_throwing_error_handler();
    // After a failure the library leaves files open: the model, and the scratch file of its error text.
    for (const stream of files.streams) if (stream && !openBefore.has(stream)) files.close(stream);
    if (files.analyzePath(path).exists) files.unlink(path);
  }
}

/** The last line of the library's trail of errors that says something, for the reader of our message. */
function at(error: unknown): string {
  const reason = /\(\): (.+)/.exec(error instanceof Error ? error.message : "")?.[1];
  return reason === undefined ? "" : ` (${reason})`;
}
