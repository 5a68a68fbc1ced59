import type { ReadGroup } from "./group.ts";
import { expectPlain, NotPlain, type PlainBytes } from "./plain-bytes.ts";
import {
  attributeParts,
  attributeTexts,
  type Message,
  type PlainArray,
  readArrayHeader,
} from "./plain-values.ts";

/**
 * Reads the plainest kind of HDF5 file, which is what `write.ts` and h5py's defaults make, from the bytes themselves. Section
 * numbers are those of the HDF5 File Format Specification 3.0.
 */

const [TABLE, ATTRIBUTE, CONTINUATION] = [0x11, 0x0c, 0x10];

/** No object's header is in as many pieces, unless it goes in a circle. */
const MOST_PIECES = 4096;

/** The root group of a file with a superblock of version 0: II.A. */
export function plainRoot(file: PlainBytes): ReadGroup {
  const versions = [8, 9, 10, 12].map((at) => file.u8(at));
  expectPlain(
    versions.every((version) => version === 0),
    "a superblock of another version",
  );
  expectPlain(file.u8(13) === 8 && file.u8(14) === 8, "addresses that are not of 8 bytes");
  expectPlain(file.u64(24) === 0, "a file that begins somewhere else");
  return new PlainGroup(file, file.u64(64), "/");
}

class PlainGroup implements ReadGroup {
  readonly path: string;
  private readonly file: PlainBytes;
  private readonly attributes: ReadonlyMap<string, Message>;
  private readonly places: ReadonlyMap<string, number>;

  constructor(file: PlainBytes, header: number, path: string) {
    this.file = file;
    this.path = path;
    const messages = readMessages(file, header);
    this.attributes = attributesOf(file, messages);
    this.places = membersOf(file, messages);
  }

  attribute(name: string): string[] | undefined {
    const message = this.attributes.get(name);
    return message && attributeTexts(this.file, attributeParts(this.file, message));
  }

  has(path: string): boolean {
    return this.find(path) !== undefined;
  }

  members(): string[] {
    return [...this.places.keys()];
  }

  group(path: string): ReadGroup {
    return this.inner(path.split("/"));
  }

  floats(path: string): { shape: number[]; values: Float32Array } {
    const { shape, kind, size, start, count } = this.array(path);
    const { bytes } = this.file;
    if (kind === "integer")
      return { shape, values: wholeNumbers(bytes.slice(start, start + count * size), size) };
    const at = bytes.byteOffset + start;
    if (size === 4 && at % 4 === 0) return { shape, values: new Float32Array(bytes.buffer, at, count) };
    const copy = bytes.slice(start, start + count * size).buffer;
    return { shape, values: size === 4 ? new Float32Array(copy) : Float32Array.from(new Float64Array(copy)) };
  }

  count(path: string): number {
    const { shape, kind, size, start } = this.array(path);
    expectPlain(kind === "integer" && size === 8 && shape.length === 0, "a count of another kind");
    return this.file.u64(start); // a negative one is beyond what is plain
  }

  private array(path: string): PlainArray {
    const header = this.find(path);
    if (header === undefined) throw new NotPlain(`nothing at ${path}`);
    return readArrayHeader(this.file, readMessages(this.file, header));
  }

  private find(path: string): number | undefined {
    const [first, ...rest] = path.split("/");
    const header = this.places.get(first);
    if (header === undefined || rest.length === 0) return header;
    return this.inner([first]).find(rest.join("/"));
  }

  private inner(names: readonly string[]): PlainGroup {
    return names.reduce((group: PlainGroup, name) => {
      const header = group.places.get(name);
      if (header === undefined) throw new NotPlain(`no group ${name}`);
      return new PlainGroup(this.file, header, `${group.path === "/" ? "" : group.path}/${name}`);
    }, this);
  }
}

function wholeNumbers({ buffer }: Uint8Array, size: number): Float32Array {
  expectPlain(size === 4 || size === 8, "whole numbers of another size");
  return Float32Array.from(size === 4 ? new Int32Array(buffer) : [...new BigInt64Array(buffer)].map(Number));
}

/** The messages of an object: IV.A.1.a. */
function readMessages(file: PlainBytes, header: number): Message[] {
  expectPlain(file.u8(header) === 1, "an object header of another version");
  const messages: Message[] = [];
  const pieces = [{ start: header + 16, length: file.u32(header + 8) }];
  for (let piece = 0; piece < pieces.length; piece++) {
    expectPlain(piece < MOST_PIECES, "a header that never ends");
    const { start: first, length: pieceLength } = pieces[piece];
    for (let at = first; at + 8 <= first + pieceLength; ) {
      const [type, length, flags, start] = [file.u16(at), file.u16(at + 2), file.u8(at + 4), at + 8];
      if (type === CONTINUATION) pieces.push({ start: file.u64(start), length: file.u64(start + 8) });
      else messages.push({ type, flags, start, length });
      at = start + length;
    }
  }
  return messages;
}

function attributesOf(file: PlainBytes, messages: readonly Message[]): Map<string, Message> {
  const attributes = new Map<string, Message>();
  for (const message of messages) {
    if (message.type !== ATTRIBUTE) continue;
    expectPlain((message.flags & 2) === 0, "an attribute that is shared");
    attributes.set(attributeParts(file, message).name, message);
  }
  return attributes;
}

/** The address of each member's header, by its name: III.A to III.D. */
function membersOf(file: PlainBytes, messages: readonly Message[]): Map<string, number> {
  const tables = messages.filter(({ type }) => type === TABLE);
  expectPlain(tables.length === 1, "a group without a table");
  const [tree, heap] = [file.u64(tables[0].start), file.u64(tables[0].start + 8)];
  file.expectSignature(heap, "HEAP");
  const names = file.u64(heap + 24);
  const members = new Map<string, number>();
  for (const leaf of leavesOf(file, tree, new Set())) {
    file.expectSignature(leaf, "SNOD");
    for (let index = 0; index < file.u16(leaf + 6); index++) {
      const entry = leaf + 8 + 40 * index;
      expectPlain(file.u32(entry + 16) !== 2, "a link by name");
      members.set(file.textToZero(names + file.u64(entry)), file.u64(entry + 8));
    }
  }
  return members;
}

function leavesOf(file: PlainBytes, node: number, seen: Set<number>): number[] {
  file.expectSignature(node, "TREE");
  expectPlain(file.u8(node + 4) === 0 && !seen.has(node), "a tree of another kind");
  seen.add(node);
  const level = file.u8(node + 5);
  const children = Array.from({ length: file.u16(node + 6) }, (_, index) => file.u64(node + 32 + 16 * index));
  return level === 0 ? children : children.flatMap((child) => leavesOf(file, child, seen));
}
