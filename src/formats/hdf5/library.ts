import type { Attribute, Dataset, Group } from "h5wasm";
import { InputError } from "../../util/errors.ts";
import { checkGlobalHeaps } from "./check.ts";
import { damagedModel, type ReadGroup } from "./group.ts";

/**
 * Reads HDF5 files of every kind, with the HDF5 C library compiled to WebAssembly. The library has its own small file
 * system, where a file lives for the length of one call; nothing here touches the machine's files.
 */

/** What reading from an open file takes. */
interface Source {
  readonly module: Library["Module"];
  /** Its size, which bounds what a sound file can hold. */
  readonly fileBytes: number;
}

/** What `read` takes from an HDF5 file that begins and ends as one. Throws an `InputError` where it is not sound. */
export async function readWithLibrary<Result>(
  bytes: Uint8Array,
  read: (root: ReadGroup) => Result,
): Promise<Result> {
  checkGlobalHeaps(bytes);
  return withLibrary((library, path) => {
    // The library only reads, so that its file system can use the caller's bytes instead of a copy.
    filesOf(library).writeFile(path, bytes, { canOwn: true });
    try {
      const file = new library.File(path, "r");
      try {
        return read(groupWith({ module: library.Module, fileBytes: bytes.length }, file));
      } finally {
        file.close(); // after a failure too, or else the library keeps what it holds of the file
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      const message = `Expected a sound HDF5 file, found one that cannot be read${at(error)}`;
      throw new InputError("model.damaged", message, { cause: error });
    }
  });
}

function groupWith(source: Source, group: Group): ReadGroup {
  return {
    path: group.path,
    attribute: (name) => readAttribute(source, group, name),
    has: (path) => group.get(path) !== null,
    members: () => group.keys(),
    group: (path) => {
      const child = group.get(path);
      if (child !== null && "create_group" in child) return groupWith(source, child);
      throw damagedModel(`Expected a group "${path}" in ${group.path}, found none`);
    },
    floats: (path) => readFloats(source, group, path),
    count: (path) => readCount(source, group, path),
  };
}

/** The strings of an attribute, one or several; `undefined` where there is no such attribute. */
function readAttribute(source: Source, group: Group, name: string): string[] | undefined {
  // `attrs` makes a getter for each attribute and reads none, so a missing one is found without an error.
  const { attrs } = group;
  if (!Object.hasOwn(attrs, name)) return undefined;
  const attribute = attrs[name];
  const { type, shape, vlen, size, total_size: count } = attribute.metadata;
  if (shape === null || count === 0) return []; // also of a list without a type, as h5py writes an empty one
  const isText = type === source.module.H5T_class_t.H5T_STRING.value;
  if (!isText || size * count > Math.min(source.fileBytes, mostAttributeBytes)) {
    const found = `${size * count} bytes of type ${attribute.dtype}`;
    throw damagedModel(`Expected text in attribute "${name}" of ${group.path}, found ${found}`);
  }
  return vlen ? readVariableTexts(source, attribute, count) : ([attribute.value].flat() as string[]);
}

/** More than Keras writes; asked before memory is taken, because a damaged attribute can claim any size. */
const mostAttributeBytes = 2 ** 24;

/**
 * Strings of variable length. `attribute.value` reads them too, but where that fails it frees pointers that were
 * never set, and with them the library's memory.
 */
function readVariableTexts({ module }: Source, attribute: Attribute, count: number): string[] {
  const { file_id: file, path, name } = attribute;
  const pointerBytes = 4;
  const buffer = module._malloc(count * pointerBytes);
  try {
    module.get_attribute_data(file, path, name, BigInt(buffer));
    const pointers = new Uint32Array(module.HEAPU8.slice(buffer, buffer + count * pointerBytes).buffer);
    const texts = Array.from(pointers, (pointer) => module.UTF8ToString(pointer));
    module.reclaim_vlen_memory(file, path, name, BigInt(buffer));
    return texts;
  } finally {
    module._free(buffer);
  }
}

/** An array of numbers, as float32. */
function readFloats(source: Source, group: Group, name: string): { shape: number[]; values: Float32Array } {
  const { H5T_FLOAT, H5T_INTEGER } = source.module.H5T_class_t;
  const dataset = numbersOf(source, group, name, [H5T_FLOAT.value, H5T_INTEGER.value], [4, 8]);
  const { value, shape } = dataset;
  return { shape: shape ?? [], values: toFloat32(value as Numbers) };
}

type Numbers = Float32Array | Float64Array | Int32Array | BigInt64Array | number | bigint;

function toFloat32(value: Numbers): Float32Array {
  if (value instanceof Float32Array) return value;
  return typeof value === "object" ? Float32Array.from([...value], Number) : Float32Array.of(Number(value));
}

/** A whole number that stands alone, such as the updates that an optimizer has made. */
function readCount(source: Source, group: Group, name: string): number {
  const dataset = numbersOf(source, group, name, [source.module.H5T_class_t.H5T_INTEGER.value], [1, 2, 4, 8]);
  const count = Number(dataset.shape?.length === 0 ? dataset.value : Number.NaN);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw damagedModel(
    `Expected a count at ${dataset.path}, found ${dataset.dtype} of shape [${dataset.shape}]`,
  );
}

/** The dataset, after all that must hold before the library may read it into memory: a damaged one can claim anything. */
function numbersOf(source: Source, group: Group, name: string, types: number[], sizes: number[]): Dataset {
  const dataset = datasetOf(group, name);
  const { metadata, path } = dataset;
  if (!types.includes(metadata.type) || metadata.vlen || !sizes.includes(metadata.size)) {
    const wanted = `${sizes.map((size) => 8 * size).join("- or ")}-bit numbers`;
    throw damagedModel(
      `Expected ${wanted} at ${path}, found a value of type ${metadata.type}, ${metadata.size} bytes`,
    );
  }
  const bytes = metadata.size * (metadata.shape ?? []).reduce((product, side) => product * side, 1);
  const ratio = metadata.chunks === null ? 1 : 1032; // deflate shrinks no further
  if (bytes <= source.fileBytes * ratio) return dataset;
  throw damagedModel(`Expected at most ${source.fileBytes * ratio} bytes at ${path}, found ${bytes}`);
}

function datasetOf(group: Group, name: string): Dataset {
  const found = group.get(name);
  if (found !== null && "metadata" in found && "dtype" in found) return found;
  throw damagedModel(`Expected an array at ${group.path}/${name}, found none`);
}

type Library = typeof import("h5wasm");

/** The part of the library's file system that is used here; its own types leave some of it out. */
interface MemoryFiles {
  readonly streams: readonly (object | null | undefined)[];
  close(stream: object): void;
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
