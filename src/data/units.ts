import type { SplitItem } from "./split.ts";

/** What must stay on one side of a split: images that share their bytes, their group, or a set of near-duplicates. */
export interface Units {
  readonly count: number;
  /** The unit of each item. Units are numbered by the least hash in them, which depends on nothing but content. */
  readonly unitOf: Int32Array;
  /** The items of a unit. */
  members(unit: number): Int32Array;
  /** Units in which the same bytes lie in several classes: no answer to them could be judged. */
  readonly contradictory: Uint8Array;
}

/**
 * Joins items to units. What is joined to the same third is joined.
 * @param together sets of items that belong on one side beside what hashes and groups say
 */
export function joinUnits(items: readonly SplitItem[], together: readonly (readonly number[])[] = []): Units {
  const sets = new DisjointSets(items.length);
  const { rankOf, twoClasses } = joinByContent(items, sets);
  joinByGroup(items, sets);
  for (const [first, ...others] of together) for (const other of others) sets.join(first, other);
  const { unitOf, count } = numberUnits(items.length, sets, rankOf);
  const contradictory = new Uint8Array(count);
  for (const index of twoClasses) contradictory[unitOf[index]] = 1;
  const { starts, order } = collectMembers(unitOf, count);
  return {
    count,
    unitOf,
    contradictory,
    members: (unit) => order.subarray(starts[unit], starts[unit + 1]),
  };
}

/** Joins items of the same bytes; gives the place of each item's hash in the order of hashes, and items whose bytes lie in two classes. */
function joinByContent(items: readonly SplitItem[], sets: DisjointSets) {
  const firstOf = new Map<string, number>();
  const twoClasses: number[] = [];
  for (const [index, { hash, classIndex }] of items.entries()) {
    const first = firstOf.get(hash);
    if (first === undefined) firstOf.set(hash, index);
    else {
      sets.join(first, index);
      if (items[first].classIndex !== classIndex) twoClasses.push(index);
    }
  }
  const rankOf = new Int32Array(items.length);
  const ranks = new Map([...firstOf.keys()].sort().map((hash, rank) => [hash, rank]));
  for (const [index, { hash }] of items.entries()) rankOf[index] = ranks.get(hash)!;
  return { rankOf, twoClasses };
}

function joinByGroup(items: readonly SplitItem[], sets: DisjointSets): void {
  const firstOf = new Map<string, number>();
  for (const [index, { group }] of items.entries()) {
    if (group === undefined) continue;
    const first = firstOf.get(group);
    if (first === undefined) firstOf.set(group, index);
    else sets.join(first, index);
  }
}

function numberUnits(length: number, sets: DisjointSets, rankOf: Int32Array) {
  const leastRank = new Int32Array(length).fill(length);
  for (let i = 0; i < length; i++) {
    const root = sets.rootOf(i);
    leastRank[root] = Math.min(leastRank[root], rankOf[i]);
  }
  const unitAtRank = new Int32Array(length).fill(-1);
  for (let i = 0; i < length; i++) if (sets.rootOf(i) === i) unitAtRank[leastRank[i]] = 0;
  let count = 0;
  for (let rank = 0; rank < length; rank++) if (unitAtRank[rank] === 0) unitAtRank[rank] = count++;
  const unitOf = rankOf.map((_, index) => unitAtRank[leastRank[sets.rootOf(index)]]);
  return { unitOf, count };
}

/** The items of unit `u` are `order[starts[u]]` up to `order[starts[u + 1]]`, in their own order. */
function collectMembers(unitOf: Int32Array, count: number) {
  const starts = new Int32Array(count + 1);
  for (const unit of unitOf) starts[unit + 1]++;
  for (let unit = 0; unit < count; unit++) starts[unit + 1] += starts[unit];
  const next = starts.slice();
  const order = new Int32Array(unitOf.length);
  for (let i = 0; i < unitOf.length; i++) order[next[unitOf[i]]++] = i;
  return { starts, order };
}

/** Union-find with path halving (Tarjan and van Leeuwen 1984). */
class DisjointSets {
  private readonly parent: Int32Array;

  constructor(length: number) {
    this.parent = Int32Array.from({ length }, (_, index) => index);
  }

  rootOf(index: number): number {
    const { parent } = this;
    let at = index;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  }

  join(a: number, b: number): void {
    this.parent[this.rootOf(b)] = this.rootOf(a);
  }
}
