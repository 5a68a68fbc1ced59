/**
 * Seeded, counter-based random numbers: Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
 * as 1, 2, 3"). A stream is named by a key and a position is a plain integer, so any draw can be made again
 * from a few bytes, on any thread, in any order. The native kernels hold the same function.
 */
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // at most 2^32 - 1
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

/**
 * Ten rounds of Philox4x32, in place: `words` holds the counter, and then four random words. Millions of weights are drawn
 * with it, so it allocates nothing.
 */
function philoxRounds(words: Uint32Array, key: readonly [number, number]): void {
  let [c0, c1, c2, c3] = words;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const next1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    const next3 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = next1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = next3;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** Philox4x32-10 of a counter of four and a key of two 32-bit words; four random words. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  const words = Uint32Array.from(counter);
  philoxRounds(words, key);
  return [words[0], words[1], words[2], words[3]];
}

/** A 32-bit name for a stream, from words such as "split" or "shuffle" (FNV-1a). */
export function streamKey(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A sequence of random numbers that depends on nothing but the seed, the stream's name and its index. */
export class RandomStream {
  private readonly key: readonly [number, number];
  private readonly index: number;
  private readonly part: number;
  private block = 0;
  private readonly words = new Uint32Array(4);
  /** How many of the block's words have been handed out. */
  private used = 4;

  /**
   * @param seed any safe integer
   * @param name what the numbers are for, so that two uses of one seed are independent
   * @param index which of many like streams, such as the epoch
   * @param part which of many in each of those, such as the image
   */
  constructor(seed: number, name: string, index = 0, part = 0) {
    this.key = [seed >>> 0, (streamKey(name) ^ Math.floor(seed / 0x100000000)) >>> 0];
    this.index = index;
    this.part = part;
  }

  /** The next 32 random bits, as an unsigned integer. */
  nextUint32(): number {
    if (this.used === 4) {
      this.words[0] = this.block++;
      this.words[1] = this.index;
      this.words[2] = this.part;
      this.words[3] = 0;
      philoxRounds(this.words, this.key);
      this.used = 0;
    }
    return this.words[this.used++];
  }

  /** Uniform in [0, 1), with 53 random bits. */
  next(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** Uniform in [0, 1), with the 24 random bits that a float32 holds; half the price of `next`. */
  nextFloat32(): number {
    return (this.nextUint32() >>> 8) / 0x1000000;
  }

  /** Uniform integer in [0, below). */
  nextInteger(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** Standard normal (Box and Muller 1958). */
  nextNormal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** A new array in random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.nextInteger(i + 1);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }
}
