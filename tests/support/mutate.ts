import { crc32 } from "node:zlib";
import type { RandomStream } from "../../src/util/random.ts";

type Mutation = (random: RandomStream, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

/** Where formats keep their sizes, depths and tables: bytes here do more harm than others. */
const HEAD = 256;
/** Words that make readers count wrong. */
const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff];

/** What becomes of files on bad disks, broken lines and in bad hands. */
const mutations: readonly Mutation[] = [
  (random, bytes) => flipBits(random, bytes, bytes.length),
  (random, bytes) => flipBits(random, bytes, Math.min(HEAD, bytes.length)),
  (random, bytes) => bytes.subarray(0, random.nextInteger(bytes.length + 1)),
  (random, bytes) => {
    const [from, to] = range(random, bytes.length);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  (random, bytes) => {
    const [from, to] = range(random, bytes.length);
    return bytes.slice().fill(random.nextInteger(2) * 255, from, Math.min(to, from + 4096));
  },
  (random, bytes) => {
    const [from, to] = range(random, bytes.length);
    return joined(bytes.subarray(0, to), bytes.subarray(from)); // a stretch twice
  },
  (random, bytes, other) =>
    joined(
      bytes.subarray(0, random.nextInteger(bytes.length + 1)),
      other.subarray(random.nextInteger(other.length + 1)),
    ),
  (random, bytes, other) => {
    const at = random.nextInteger(bytes.length + 1);
    const [from, to] = range(random, other.length);
    return joined(bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at));
  },
  (random, bytes) => {
    const result = bytes.slice();
    for (let count = 1 + random.nextInteger(3); count > 0; count--) setWord(random, result);
    return result;
  },
];

/** One damaged file, of a sound one and another for what is put into it. Checksums of PNG are mended now and then, or hardly a damage would get past them. */
export function mutate(random: RandomStream, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const mutated = mutations[random.nextInteger(mutations.length)](random, bytes, other);
  return random.next() < 0.7 ? mendChecksums(mutated) : mutated;
}

function flipBits(random: RandomStream, bytes: Uint8Array, within: number): Uint8Array {
  const result = bytes.slice();
  for (let count = 2 ** random.nextInteger(6); count > 0; count--)
    result[random.nextInteger(within)] ^= 1 << random.nextInteger(8);
  return result;
}

function setWord(random: RandomStream, bytes: Uint8Array): void {
  const width = 2 ** random.nextInteger(3);
  const at = random.nextInteger(Math.max(1, Math.min(HEAD, bytes.length) - width));
  const value = EXTREMES[random.nextInteger(EXTREMES.length)];
  const bigEndian = random.next() < 0.5;
  for (let i = 0; i < width && at + i < bytes.length; i++)
    bytes[at + i] = value >>> (8 * (bigEndian ? width - 1 - i : i));
}

function range(random: RandomStream, length: number): [from: number, to: number] {
  const ends = [random.nextInteger(length + 1), random.nextInteger(length + 1)].sort((a, b) => a - b);
  return [ends[0], ends[1]];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Makes the checksums of a PNG's chunks right, as far as its chunks can be followed. */
function mendChecksums(file: Uint8Array): Uint8Array {
  if (file[0] !== 0x89 || file[1] !== 0x50) return file;
  const bytes = file.slice();
  const view = new DataView(bytes.buffer);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) break;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
  return bytes;
}
