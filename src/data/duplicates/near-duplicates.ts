import { createPauses } from "../../util/pauses.ts";
import { createAligner } from "./align.ts";
import { CODE_LENGTH, createCropCoder, crops, mirrorSigns } from "./crop-code.ts";
import { type Fingerprint, GREY_SIDE } from "./fingerprint.ts";
import { createGroups } from "./groups.ts";
import { createSignIndex, mediansOf } from "./sign-index.ts";
import { soften } from "./soften.ts";

/** Two pictures that show the same. */
export interface NearDuplicatePair {
  /** Indices of the fingerprints, the lower first. */
  readonly first: number;
  readonly second: number;
  /** At most 1. */
  readonly similarity: number;
  readonly mirrored: boolean;
}

/** Pictures that show the same, each alike to some other of the group. */
export interface NearDuplicateGroup {
  /** Indices of the fingerprints, ascending. */
  readonly members: readonly number[];
  /** One pair fewer than there are members: what holds them together. */
  readonly pairs: readonly NearDuplicatePair[];
}

export interface NearDuplicateOptions {
  /** From which similarity on two pictures count as the same. */
  readonly similarity?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** See docs/near-duplicates.md: what was measured, and what the pairs on either side of it look like. */
export const usualSimilarity = 0.95;

/** Of CODE_LENGTH bits; pairs that are one picture differ in 2 as a rule and in 9 at most. */
const MOST_BITS_APART = 10;
/** Cosine of two codes; 0.97 at least where they are one picture. */
const LEAST_COSINE = 0.94;
/** Grey levels, standard deviation: what varies less is an even area, and all of these are alike. */
const LEAST_CONTRAST = 2;

/**
 * Finds pictures that are one: resized, recompressed, cropped by up to a tenth at an edge, mirrored, lit another way. Candidates
 * come from hashes of each picture's parts (crop-code.ts) by way of an index (bands.ts), so that twice as many pictures take little
 * more than twice the time, and each is then laid over the other to see (align.ts). Pictures of one even colour are left out.
 * Groups come in the order of their first member; the same fingerprints give the same groups.
 *
 * @throws the signal's reason when it aborts
 */
export async function findNearDuplicates(
  fingerprints: readonly Fingerprint[],
  options: NearDuplicateOptions = {},
): Promise<NearDuplicateGroup[]> {
  const { similarity = usualSimilarity, onProgress, signal } = options;
  const { copies, distinct } = setCopiesAside(fingerprints);
  const groups = createGroups(fingerprints.length);
  for (const pair of copies) groups.join(pair);
  const pause = createPauses();
  const search = await createSearch(
    distinct.map((index) => fingerprints[index].grey),
    pause,
  );
  for (let i = 0; i < distinct.length; i++) {
    await pause();
    signal?.throwIfAborted();
    for (const found of search.near(i)) {
      const [a, b] = [distinct[i], distinct[found.item]];
      if (groups.together(a, b)) continue;
      const value = search.compare(i, found);
      if (value < similarity) continue;
      groups.join({
        first: Math.min(a, b),
        second: Math.max(a, b),
        similarity: value,
        mirrored: found.mirrored,
      });
    }
    onProgress?.(i + 1, distinct.length);
  }
  return groups.list();
}

/** Of equal thumbnails only the first is searched for, and even ones not at all. */
function setCopiesAside(fingerprints: readonly Fingerprint[]) {
  const firsts = new Map<number, number[]>();
  const copies: NearDuplicatePair[] = [];
  const distinct: number[] = [];
  for (const [index, { grey }] of fingerprints.entries()) {
    if (contrastOf(grey) < LEAST_CONTRAST) continue;
    const key = checksum(grey);
    const same = firsts.get(key) ?? [];
    const first = same.find((other) => fingerprints[other].grey.every((value, i) => value === grey[i]));
    if (first !== undefined) copies.push({ first, second: index, similarity: 1, mirrored: false });
    else {
      firsts.set(key, [...same, index]);
      distinct.push(index);
    }
  }
  return { copies, distinct };
}

/** A picture that may be another, and as what part of it, mirrored or not. */
interface Candidate {
  readonly item: number;
  readonly crop: number;
  readonly bitsApart: number;
  readonly mirrored: boolean;
}

/** Looks among thumbnails for those that a part of one of them resembles. */
async function createSearch(greys: readonly Uint8Array[], pause: () => Promise<void>) {
  const coder = createCropCoder();
  const wholes = new Float32Array(greys.length * CODE_LENGTH);
  for (const [i, grey] of greys.entries()) {
    coder.begin(grey);
    coder.write(0, wholes, i * CODE_LENGTH);
    await pause();
  }
  const indexes = [new Float32Array(CODE_LENGTH), mediansOf(wholes, CODE_LENGTH)].map((thresholds) =>
    createSignIndex(wholes, thresholds),
  );
  const code = new Float32Array(CODE_LENGTH);
  const align = createAligner();
  const [large, small] = [new Uint8Array(GREY_SIDE ** 2), new Uint8Array(GREY_SIDE ** 2)];
  return {
    near(own: number): Candidate[] {
      const found = new Map<number, Candidate>();
      coder.begin(greys[own]);
      for (let crop = 0; crop < crops.length; crop++) {
        coder.write(crop, code, 0);
        for (const mirrored of [false, true]) {
          if (mirrored) for (let i = 0; i < CODE_LENGTH; i++) code[i] *= mirrorSigns[i];
          const visit = (item: number, bitsApart: number) => {
            if (item === own || (found.get(item)?.bitsApart ?? Number.POSITIVE_INFINITY) <= bitsApart) return;
            if (cosine(code, wholes, item * CODE_LENGTH) < LEAST_COSINE) return;
            found.set(item, { item, crop, bitsApart, mirrored });
          };
          for (const index of indexes) index.search(code, MOST_BITS_APART, visit);
        }
      }
      return [...found.values()].sort((a, b) => a.item - b.item);
    },
    compare(own: number, { item, crop, mirrored }: Candidate): number {
      soften(greys[own], mirrored, large);
      soften(greys[item], false, small);
      return align(large, small, crop);
    },
  };
}

function cosine(code: Float32Array, codes: Float32Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < CODE_LENGTH; i++) sum += code[i] * codes[at + i];
  return sum;
}

function contrastOf(grey: Uint8Array): number {
  let [sum, squares] = [0, 0];
  for (const value of grey) {
    sum += value;
    squares += value * value;
  }
  return Math.sqrt(Math.max(0, squares / grey.length - (sum / grey.length) ** 2));
}

/** FNV-1a. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
