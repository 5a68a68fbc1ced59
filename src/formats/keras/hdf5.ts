import type { Attribute, Dataset, File, Group } from "h5wasm";
import { InputError } from "../../util/errors.ts";
import { checkHdf5, declaredLength } from "./hdf5-check.ts";

/**
 * HDF5 files in memory, over the HDF5 C library compiled to WebAssembly. The library has its own small file
 * system, where a file lives for the length of one call; nothing here touches the machine's files.
 */

/** The library has failed on a file that it could open: what it read makes no sense. */
const damaged = "model.damaged";

/** An open file, with what reading from it takes. */
export interface Hdf5Source {
  readonly file: File;
  readonly module: Library["Module"];
  /** Its size, which bounds what a sound file can hold. */
  readonly fileBytes: number;
}

/** Room that files are written into, one after the other: what a file leaves behind is the next one's. */
export interface Hdf5Memory {
  bytes?: Uint8Array;
}

/**
 * The bytes of a new HDF5 file that `build` fills. Its size need not be known, but if it is at most `expectedBytes`
 * memory is taken only once; without that the bytes of a large model are copied three times over. The result lies in
 * `memory`, and is good until that is used again.
 */
export async function writeHdf5(
  expectedBytes: number,
  build: (file: File) => void,
  memory: Hdf5Memory = {},
): Promise<Uint8Array> {
  return withLibrary((library, path) => {
    const files = filesOf(library);
    const file = new library.File(path, "w");
    giveRoom(files, path, expectedBytes, memory);
    build(file);
    file.close();
    // The bytes themselves instead of a copy of them: the file is forgotten when this returns.
    memory.bytes = files.lookupPath(path).node.contents;
    return memory.bytes.subarray(0, declaredLength(memory.bytes));
  });
}

/** The next file may be a little longer: a history grows. */
const spareBytes = 1 << 20;

function giveRoom(files: MemoryFiles, path: string, byteLength: number, memory: Hdf5Memory): void {
  const { node } = files.lookupPath(path);
  const enough = memory.bytes !== undefined && memory.bytes.length >= byteLength;
  const room = enough ? memory.bytes! : new Uint8Array(byteLength + spareBytes);
  room.set(node.contents.subarray(0, node.usedBytes)); // what the library wrote when it opened the file
  room.fill(0, node.usedBytes);
  node.contents = room;
  node.usedBytes = byteLength;
  keepWhenCut(node);
}

/** The library cuts a file to its length when it closes it, and its file system would copy all bytes for that. */
function keepWhenCut(node: MemoryNode): void {
  const { setattr } = node.node_ops;
  const resize: MemoryNode["node_ops"]["setattr"] = (target, attributes) => {
    const { size } = attributes;
    if (size !== undefined && size <= target.contents.length) target.usedBytes = size;
    else setattr(target, attributes);
  };
  node.node_ops = { ...node.node_ops, setattr: resize };
}

/** What `read` takes from an HDF5 file. Throws an `InputError` where the bytes are not a whole, sound file. */
export async function readHdf5<Result>(
  bytes: Uint8Array,
  read: (source: Hdf5Source) => Result,
): Promise<Result> {
  checkHdf5(bytes);
  return withLibrary((library, path) => {
    // The library only reads, so that its file system can use the caller's bytes instead of a copy.
    filesOf(library).writeFile(path, bytes, { canOwn: true });
    try {
      const file = new library.File(path, "r");
      try {
        return read({ file, module: library.Module, fileBytes: bytes.length });
      } finally {
        file.close(); // after a failure too, or else the library keeps what it holds of the file
      }
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
export function readText(source: Hdf5Source, group: Group, name: string): string | undefined {
  const texts = readAttribute(source, group, name);
  if (texts === undefined || texts.length === 1) return texts?.[0];
  throw damagedModel(`Expected a text in attribute "${name}" of ${group.path}, found ${texts.length}`);
}

/** The list of strings that `writeTexts` or Keras has written, whole or in pieces. */
export function readTexts(source: Hdf5Source, group: Group, name: string): string[] {
  const whole = readAttribute(source, group, name);
  if (whole !== undefined) return whole;
  const texts: string[] = [];
  for (let piece = 0; ; piece++) {
    const part = readAttribute(source, group, `${name}${piece}`);
    if (part === undefined) return texts;
    texts.push(...part);
  }
}

/** The strings of an attribute, one or several; `undefined` where there is no such attribute. */
function readAttribute(source: Hdf5Source, group: Group, name: string): string[] | undefined {
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
function readVariableTexts({ module }: Hdf5Source, attribute: Attribute, count: number): string[] {
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

export function writeFloats(
  group: Group,
  name: string,
  shape: readonly number[],
  values: Float32Array | BigInt64Array,
): void {
  group.create_dataset({ name, data: values, shape: [...shape] });
}

/** An array of numbers, as float32. */
export function readFloats(
  source: Hdf5Source,
  group: Group,
  name: string,
): { shape: number[]; values: Float32Array } {
  const dataset = numbersOf(source, group, name, source.module.H5T_class_t.H5T_FLOAT.value, [4, 8]);
  const { value, shape } = dataset;
  return { shape: shape ?? [], values: toFloat32(value as Float32Array | Float64Array | number) };
}

function toFloat32(value: Float32Array | Float64Array | number): Float32Array {
  if (value instanceof Float32Array) return value;
  return typeof value === "number" ? Float32Array.of(value) : Float32Array.from(value);
}

/** A whole number that stands alone, such as the updates that an optimizer has made. */
export function readCount(source: Hdf5Source, group: Group, name: string): number {
  const dataset = numbersOf(source, group, name, source.module.H5T_class_t.H5T_INTEGER.value, [1, 2, 4, 8]);
  const count = Number(dataset.shape?.length === 0 ? dataset.value : Number.NaN);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw damagedModel(
    `Expected a count at ${dataset.path}, found ${dataset.dtype} of shape [${dataset.shape}]`,
  );
}

/** The dataset, after all that must hold before the library may read it into memory: a damaged one can claim anything. */
function numbersOf(source: Hdf5Source, group: Group, name: string, type: number, sizes: number[]): Dataset {
  const dataset = datasetOf(group, name);
  const { metadata, path } = dataset;
  if (metadata.type !== type || metadata.vlen || !sizes.includes(metadata.size)) {
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

/** A file in the library's file system: emscripten's MEMFS. */
interface MemoryNode {
  contents: Uint8Array;
  usedBytes: number;
  node_ops: { readonly setattr: (node: MemoryNode, attributes: { readonly size?: number }) => void };
}

/** The part of the library's file system that is used here; its own types leave some of it out. */
interface MemoryFiles {
  readonly streams: readonly (object | null | undefined)[];
  close(stream: object): void;
  lookupPath(path: string): { node: MemoryNode };
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
