import { ByteWriter } from "./bytes.ts";
import { type GroupPlace, writeArrayHeader, writeGroupHeader } from "./messages.ts";
import type { ArrayValues, NewGroup } from "./tree.ts";

/**
 * Writes HDF5 files of the plainest kind, which every version of the library reads: groups as symbol tables, texts of variable
 * length, arrays in one piece, as h5py does it. Section numbers are those of the HDF5 File Format Specification 3.0. The arrays
 * are not copied, so that a checkpoint costs no more memory than its few kilobytes of structure.
 */

/** Groups list their members in leaves of at most twice as many, under nodes of at most twice as many. */
const LEAF_K = 4;
const NODE_K = 16;

/** Arrays begin at a multiple of this, so that a reader can use them in place. */
const ARRAY_ALIGNMENT = 64;

/** In the superblock: how long the file is, and where the root group is. */
const END_OF_FILE = 40;
const ROOT_ENTRY = 56;

interface KeptText {
  readonly bytes: Uint8Array;
  readonly position: number;
}

/** A file under way, with what has been put off. */
interface File {
  readonly out: ByteWriter;
  readonly texts: KeptText[];
  readonly arrays: { readonly values: ArrayValues; readonly position: number }[];
}

/** The bytes of a file, in pieces to be written one behind the other. */
export function writeHdf5(root: NewGroup): Uint8Array[] {
  const file: File = { out: new ByteWriter(), texts: [], arrays: [] };
  const { out } = file;
  writeSuperblock(out);
  const { header, tree, heap } = writeGroup(file, root);
  out.setU64(ROOT_ENTRY + 8, header);
  out.setU64(ROOT_ENTRY + 24, tree);
  out.setU64(ROOT_ENTRY + 32, heap);
  writeTexts(file);
  const arrays = placeArrays(file);
  return [out.finish(), ...arrays];
}

/** II.A, version 0, and in it the entry of the root group, of which nothing is known yet. */
function writeSuperblock(out: ByteWriter): void {
  out.u8(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
  out.u8(0, 0, 0, 0, 0, 8, 8, 0); // versions, then the bytes of an address and of a length
  out.u16(LEAF_K);
  out.u16(NODE_K);
  out.u32(0);
  out.u64(0);
  out.nowhere();
  out.u64(0);
  out.nowhere();
  writeEntry(out, 0, { header: 0, tree: 0, heap: 0 });
}

/** Members first, for the group says where they are. */
function writeGroup(file: File, group: NewGroup): GroupPlace {
  const { out } = file;
  const members = new Map<string, GroupPlace | number>();
  for (const [name, inner] of group.groups) members.set(name, writeGroup(file, inner));
  for (const [name, array] of group.arrays) {
    const keep = (values: ArrayValues, position: number) => file.arrays.push({ values, position });
    members.set(name, writeArrayHeader(out, array, keep));
  }
  const sorted = [...members]
    .map(([name, place]) => ({ name: new TextEncoder().encode(`${name}\0`), place }))
    .sort((a, b) => compareBytes(a.name, b.name));
  const names = sorted.map(({ name }) => name);
  const { heap, offsets } = writeNames(out, names);
  const entries = sorted.map(({ place }, index) => ({ place, nameOffset: offsets[index] }));
  const tree = writeTree(out, entries);
  const keep = (bytes: Uint8Array, position: number) => file.texts.push({ bytes, position });
  return { header: writeGroupHeader(out, { tree, heap }, group.attributes, keep), tree, heap };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const differs = a.findIndex((byte, index) => byte !== b[index]);
  return differs < 0 ? 0 : a[differs] - b[differs]; // neither is the other's beginning: each ends with a zero
}

/** III.D: the names of a group's members, before them an empty one. */
function writeNames(out: ByteWriter, names: readonly Uint8Array[]): { heap: number; offsets: number[] } {
  let end = 8;
  const offsets = names.map((name) => {
    const offset = end;
    end += Math.ceil(name.length / 8) * 8;
    return offset;
  });
  const heap = out.length;
  out.raw(new TextEncoder().encode("HEAP"));
  out.u8(0, 0, 0, 0);
  out.u64(end, 1, heap + 32); // 1: there is no free room in it
  out.zeros(8);
  for (const name of names) {
    out.raw(name);
    out.align(8);
  }
  return { heap, offsets };
}

interface Entry {
  readonly place: GroupPlace | number;
  readonly nameOffset: number;
}

/** A part of a tree, and the last of the names in it. */
interface Branch {
  readonly address: number;
  readonly lastName: number;
}

/** III.A.1: leaves of entries, and over them as many levels of nodes as it takes. Returns the top. */
function writeTree(out: ByteWriter, entries: readonly Entry[]): number {
  let branches: Branch[] = piecesOf(entries, 2 * LEAF_K).map((leaf) => ({
    address: writeLeaf(out, leaf),
    lastName: leaf[leaf.length - 1].nameOffset,
  }));
  for (let level = 0; ; level++) {
    branches = writeLevel(out, branches, level);
    if (branches.length === 1) return branches[0].address;
  }
}

function writeLevel(out: ByteWriter, branches: readonly Branch[], level: number): Branch[] {
  const nodes = branches.length === 0 ? [[]] : piecesOf(branches, 2 * NODE_K);
  const nodeBytes = 24 + 8 * (4 * NODE_K + 1);
  const start = out.length;
  const isNode = (index: number) => index >= 0 && index < nodes.length;
  let lastName = 0;
  return nodes.map((node, index) => {
    const address = start + index * nodeBytes;
    out.raw(new TextEncoder().encode("TREE"));
    out.u8(0, level);
    out.u16(node.length);
    for (const sibling of [index - 1, index + 1]) {
      if (isNode(sibling)) out.u64(start + sibling * nodeBytes);
      else out.nowhere();
    }
    out.u64(lastName); // of all that comes before
    for (const branch of node) out.u64(branch.address, branch.lastName);
    out.zeros(address + nodeBytes - out.length);
    lastName = node[node.length - 1]?.lastName ?? 0;
    return { address, lastName };
  });
}

/** III.B */
function writeLeaf(out: ByteWriter, entries: readonly Entry[]): number {
  const address = out.length;
  out.raw(new TextEncoder().encode("SNOD"));
  out.u8(1, 0);
  out.u16(entries.length);
  for (const { place, nameOffset } of entries) writeEntry(out, nameOffset, place);
  out.zeros(address + 8 + 2 * LEAF_K * 40 - out.length);
  return address;
}

/** III.C: of a group, or of an array by its address. */
function writeEntry(out: ByteWriter, nameOffset: number, place: GroupPlace | number): void {
  const isGroup = typeof place !== "number";
  out.u64(nameOffset, isGroup ? place.header : place);
  out.u32(isGroup ? 1 : 0);
  out.u32(0);
  if (isGroup) out.u64(place.tree, place.heap);
  else out.zeros(16);
}

/** III.E: the texts, numbered from 1, as many together as a number of 16 bits can tell apart. */
function writeTexts({ out, texts }: File): void {
  const leastBytes = 4096;
  for (const collection of piecesOf(texts, 0xffff)) {
    const address = out.length;
    out.raw(new TextEncoder().encode("GCOL"));
    out.u8(1, 0, 0, 0);
    out.u64(0); // its size
    collection.forEach(({ bytes, position }, index) => {
      out.setU64(position, address);
      out.setU32(position + 8, index + 1);
      out.u16(index + 1);
      out.u16(0);
      out.u32(0);
      out.u64(bytes.length);
      out.raw(bytes);
      out.align(8);
    });
    const free = Math.max(16, leastBytes - (out.length - address)); // free room, which has the number 0, ends it
    out.u64(0, free);
    out.zeros(free - 16);
    out.setU64(address + 8, out.length - address);
  }
}

/** Gives the arrays their addresses and returns them, with what fills the room between them. */
function placeArrays({ out, arrays }: File): Uint8Array[] {
  out.align(ARRAY_ALIGNMENT);
  let end = out.length;
  const pieces = arrays.flatMap(({ values, position }) => {
    out.setU64(position, end);
    const padding = (ARRAY_ALIGNMENT - (values.byteLength % ARRAY_ALIGNMENT)) % ARRAY_ALIGNMENT;
    end += values.byteLength + padding;
    return [new Uint8Array(values.buffer, values.byteOffset, values.byteLength), new Uint8Array(padding)];
  });
  out.setU64(END_OF_FILE, end);
  return pieces.filter(({ length }) => length > 0);
}

function piecesOf<T>(items: readonly T[], length: number): T[][] {
  const count = Math.ceil(items.length / length);
  return Array.from({ length: count }, (_, index) => items.slice(index * length, (index + 1) * length));
}
