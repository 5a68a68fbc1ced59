import type { SplitItem } from "./split.ts";

/** What must stay on one side of a split: images that share their bytes, their group, or a set of near-duplicates. */
export interface Units {
  readonly count: number;
  /** The unit of each item. Units are numbered by the least hash in them, which depends on nothing but content. */
  readonly unitOf: Int32Array;
  /** The items of a unit. */
  members(unit: number): Int32Array;
  /** 1 for units in which the same bytes lie in several classes: no answer to them could be judged. */
  readonly contradictory: Uint8Array;
}

/** Different contents, numbered by their hashes. Flat arrays, for there may be millions. */
export interface Contents {
  readonly count: number;
  /** The content of each item. */
  readonly contentOf: Int32Array;
  /** The class that a content lies in; -1 where it lies in several. */
  readonly classOf: Int32Array;
}

/** Finds items of the same bytes: by sorting, since a table of a million hashes takes more memory than the photos' names. */
export function findContents(items: readonly SplitItem[]): Contents {
  const order = Int32Array.from({ length: items.length }, (_, index) => index).sort((a, b) =>
    items[a].hash < items[b].hash ? -1 : items[a].hash > items[b].hash ? 1 : a - b,
  );
  const contentOf = new Int32Array(items.length);
  const classOf = new Int32Array(items.length);
  let count = 0;
  for (const [place, index] of order.entries()) {
    const { hash, classIndex } = items[index];
    if (place > 0 && items[order[place - 1]].hash === hash) {
      if (classOf[count - 1] !== classIndex) classOf[count - 1] = -1;
    } else classOf[count++] = classIndex;
    contentOf[index] = count - 1;
  }
  return { count, contentOf, classOf: classOf.subarray(0, count) };
}

/**
 * Joins items to units. What is joined to the same third is joined.
 * @param together sets of items that belong on one side beside what contents and groups say
 */
export function joinUnits(
  items: readonly SplitItem[],
  { count: contents, contentOf, classOf }: Contents,
  together: readonly (readonly number[])[] = [],
): Units {
  const sets = new DisjointSets(contents);
  joinByGroup(items, contentOf, sets);
  for (const [first, ...others] of together) {
    for (const other of others) sets.join(contentOf[first], contentOf[other]);
  }
  const { unitOfContent, count } = numberUnits(sets);
  const unitOf = contentOf.map((content) => unitOfContent[content]);
  const contradictory = new Uint8Array(count);
  for (let content = 0; content < contents; content++) {
    if (classOf[content] < 0) contradictory[unitOfContent[content]] = 1;
  }
  const { starts, order } = collectMembers(unitOf, count);
  const members = (unit: number) => order.subarray(starts[unit], starts[unit + 1]);
  return { count, unitOf, contradictory, members };
}

function joinByGroup(items: readonly SplitItem[], contentOf: Int32Array, sets: DisjointSets): void {
  const firstOf = new Map<string, number>();
  for (const [index, { group }] of items.entries()) {
    if (group === undefined) continue;
    const first = firstOf.get(group);
    if (first === undefined) firstOf.set(group, contentOf[index]);
    else sets.join(first, contentOf[index]);
  }
}

/** In the order of the least content in them. */
function numberUnits(sets: DisjointSets): { unitOfContent: Int32Array; count: number } {
  const unitOfRoot = new Int32Array(sets.length).fill(-1);
  const unitOfContent = new Int32Array(sets.length);
  let count = 0;
  for (let content = 0; content < sets.length; content++) {
    const root = sets.rootOf(content);
    if (unitOfRoot[root] < 0) unitOfRoot[root] = count++;
    unitOfContent[content] = unitOfRoot[root];
  }
  return { unitOfContent, count };
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
  readonly length: number;
  private readonly parent: Int32Array;

  constructor(length: number) {
    this.length = length;
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
