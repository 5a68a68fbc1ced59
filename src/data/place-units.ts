import { RandomStream } from "../util/random.ts";
import { type ClassCounts, fillParts } from "./fill-parts.ts";
import { partNames } from "./parts.ts";
import type { SplitItem, SplitRatios } from "./split.ts";
import type { Units } from "./units.ts";

/** How far the placing has come. Parts are numbered 0, 1, 2. */
interface Progress {
  readonly items: readonly SplitItem[];
  readonly units: Units;
  /** Parts that have a share. */
  readonly open: readonly number[];
  readonly classSizes: readonly number[];
  /** Images that a part still wants of a class: [class][part]. Below 0 where it has too many. */
  readonly missing: readonly number[][];
  /** Units in a part that hold a class: [class][part]. */
  readonly present: readonly number[][];
  /** Units that are not placed yet and hold a class. */
  readonly waiting: number[];
  /** The part of each unit, -1 before it is placed. */
  readonly partOf: Int8Array;
}

export interface PlaceOptions {
  readonly ratios: SplitRatios;
  readonly seed: number;
  /** Images wanted: [class][part]. */
  readonly wanted: readonly (readonly number[])[];
}

/**
 * Gives each unit a part. Units that have one keep it; contradictory ones go to training. The others go, large ones first, to the
 * part that misses most of what they hold, each class counted in proportion to its size: first those that span classes (after
 * Sechidis, Tsoumakas and Vlahavas 2011, "On the stratification of multi-label data"), then those of one class, so that
 * small ones fill what is left. As many units of a class as it has empty parts are kept for these, and where a class still misses a
 * part, units are moved (fill-parts.ts).
 *
 * For a class whose units hold no other class, no part gets more than its largest unit beyond what it wants, and none
 * less than twice that below.
 *
 * @returns the part of each unit
 */
export function placeUnits(items: readonly SplitItem[], units: Units, options: PlaceOptions): Int8Array {
  const { seed, wanted } = options;
  const progress = begin(items, units, options);
  const spanning: number[] = [];
  const ofOneClass = wanted.map((): number[] => []);
  for (let unit = 0; unit < units.count; unit++) {
    const counts = countsOf(unit, progress);
    const settled = settledPart(unit, progress);
    if (settled !== undefined) settle(unit, settled, counts, progress);
    else {
      for (const [classIndex] of counts) progress.waiting[classIndex]++;
      (counts.length === 1 ? ofOneClass[counts[0][0]] : spanning).push(unit);
    }
  }
  place(spanning, new RandomStream(seed, "split", wanted.length), progress);
  for (const [classIndex, own] of ofOneClass.entries()) {
    place(own, new RandomStream(seed, "split", classIndex), progress);
  }
  const { open, present, partOf } = progress;
  fillParts(
    {
      open,
      present,
      partOf: (unit) => partOf[unit],
      move: (unit, counts, from, to) => move(unit, counts, from, to, progress),
    },
    () => [...spanning, ...ofOneClass.flat()].map((unit) => ({ unit, counts: countsOf(unit, progress) })),
  );
  return partOf;
}

function begin(items: readonly SplitItem[], units: Units, { ratios, wanted }: PlaceOptions): Progress {
  const classSizes = wanted.map(() => 0);
  for (const { classIndex } of items) classSizes[classIndex]++;
  return {
    items,
    units,
    open: ratios.flatMap((ratio, part) => (ratio > 0 ? [part] : [])),
    classSizes,
    missing: wanted.map((row) => [...row]),
    present: wanted.map(() => [0, 0, 0]),
    waiting: wanted.map(() => 0),
    partOf: new Int8Array(units.count).fill(-1),
  };
}

/** Made anew each time it is asked for: kept for millions of units, it would be most of the memory of a split. */
function countsOf(unit: number, { items, units }: Pick<Progress, "items" | "units">): ClassCounts {
  const members = units.members(unit);
  const first = items[members[0]].classIndex;
  if (members.every((index) => items[index].classIndex === first)) return [[first, members.length]];
  const counts = new Map<number, number>();
  for (const index of members) {
    const { classIndex } = items[index];
    counts.set(classIndex, (counts.get(classIndex) ?? 0) + 1);
  }
  return [...counts];
}

/** Where most of the unit lies already, training first among equals; training where it contradicts itself. */
function settledPart(unit: number, { items, units }: Progress): number | undefined {
  const votes = [0, 0, 0];
  for (const index of units.members(unit)) {
    const { part } = items[index];
    if (part !== undefined) votes[partNames.indexOf(part)]++;
  }
  const most = Math.max(...votes);
  if (most > 0) return votes.indexOf(most);
  return units.contradictory[unit] ? 0 : undefined;
}

/** What is settled fills no part where it contradicts itself: the class needs an image there that has an answer. */
function settle(unit: number, part: number, counts: ClassCounts, progress: Progress): void {
  const { items, units, missing, present, partOf } = progress;
  partOf[unit] = part;
  for (const index of units.members(unit)) {
    const own = items[index].part;
    missing[items[index].classIndex][own === undefined ? part : partNames.indexOf(own)]--;
  }
  if (units.contradictory[unit]) return;
  for (const [classIndex] of counts) present[classIndex][part]++;
}

function place(list: readonly number[], stream: RandomStream, progress: Progress): void {
  const { units, waiting } = progress;
  const sizeOf = (unit: number) => units.members(unit).length;
  const largestFirst = stream.shuffled(list).sort((a, b) => sizeOf(b) - sizeOf(a));
  for (const unit of largestFirst) {
    const counts = countsOf(unit, progress);
    move(unit, counts, undefined, bestPart(counts, candidatesFor(counts, progress), progress), progress);
    for (const [classIndex] of counts) waiting[classIndex]--;
  }
}

/** All open parts, or only those that lack a class of which no more units are left than parts lack it. */
function candidatesFor(counts: ClassCounts, { open, present, waiting }: Progress): readonly number[] {
  let candidates = open;
  for (const [classIndex] of counts) {
    if (waiting[classIndex] > open.length) continue;
    const empty = open.filter((part) => present[classIndex][part] === 0);
    if (empty.length === 0 || waiting[classIndex] > empty.length) continue;
    const both = candidates.filter((part) => empty.includes(part));
    if (both.length > 0) candidates = both;
  }
  return candidates;
}

/** Where the squares of what is missing, over the sizes of the classes, fall most; the first among equals. */
function bestPart(counts: ClassCounts, candidates: readonly number[], progress: Progress): number {
  const { missing, classSizes } = progress;
  const gain = (part: number) =>
    counts.length === 1
      ? missing[counts[0][0]][part]
      : counts.reduce((sum, [c, count]) => sum + (count * missing[c][part]) / classSizes[c], 0);
  return candidates.reduce((best, other) => (gain(other) > gain(best) ? other : best));
}

function move(
  unit: number,
  counts: ClassCounts,
  from: number | undefined,
  to: number,
  { missing, present, partOf }: Progress,
): void {
  partOf[unit] = to;
  for (const [classIndex, count] of counts) {
    missing[classIndex][to] -= count;
    present[classIndex][to]++;
    if (from === undefined) continue;
    missing[classIndex][from] += count;
    present[classIndex][from]--;
  }
}
