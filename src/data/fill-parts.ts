/** How many images of a class a unit holds. */
export type ClassCounts = readonly (readonly [classIndex: number, count: number])[];

/** Units in their parts, some of which may be moved. Parts are numbered 0, 1, 2. */
export interface Placing {
  /** Parts that need every class. */
  readonly open: readonly number[];
  /** Units in a part that hold a class: [class][part]. */
  readonly present: readonly (readonly number[])[];
  partOf(unit: number): number;
  move(unit: number, counts: ClassCounts, from: number, to: number): void;
}

interface Movable {
  readonly unit: number;
  readonly counts: ClassCounts;
}

/** A class, and a part that lacks it. */
type Gap = readonly [classIndex: number, part: number];

/** So many units are moved to fill one gap, the later ones into what the earlier ones left empty. */
const MOST_MOVES = 6;
/** Units that are looked at for one gap and for all of them: whether every class fits into every part is as hard as a set cover. */
const [MOST_TRIES, MOST_IN_ALL] = [5000, 200_000];

/**
 * Moves units to where one of their classes is missing: one that can be spared, or where there is none several in turn, as few and as
 * small as do. What it cannot fill it leaves as it was.
 *
 * @param free units that may be moved, made when there is a gap
 */
export function fillParts(placing: Placing, free: () => readonly Movable[]): void {
  const { open, present } = placing;
  const gaps = present.flatMap((_, classIndex) => open.map((part): Gap => [classIndex, part]));
  let holders: Holders | undefined;
  let left = MOST_IN_ALL;
  for (const gap of gaps) {
    if (!isGap(gap, placing) || !canSpare(present[gap[0]])) continue;
    holders ??= holdersOf(free(), present.length);
    const budget = { tries: Math.min(left, MOST_TRIES) };
    left -= budget.tries;
    for (let moves = 1; moves <= MOST_MOVES && budget.tries > 0; moves++) {
      if (fill([gap], moves, new Set(), { placing, holders, budget })) break;
    }
    left += Math.max(0, budget.tries);
  }
}

/** With one unit a part at most, one that is moved leaves a gap of the same class. */
const canSpare = (inParts: readonly number[]) => inParts.some((units) => units > 1);

/** Units that hold a class, the smallest first: [class]. */
type Holders = readonly (readonly Movable[])[];

function holdersOf(free: readonly Movable[], classes: number): Holders {
  const holders = Array.from({ length: classes }, (): Movable[] => []);
  for (const each of [...free].sort((a, b) => sizeOf(a.counts) - sizeOf(b.counts))) {
    for (const [classIndex] of each.counts) holders[classIndex].push(each);
  }
  return holders;
}

interface Search {
  readonly placing: Placing;
  readonly holders: Holders;
  readonly budget: { tries: number };
}

/** Fills all gaps with at most so many moves of units that have not been moved yet, or changes nothing. */
function fill(gaps: readonly Gap[], moves: number, moved: ReadonlySet<number>, search: Search): boolean {
  const { placing, holders, budget } = search;
  const [gap, ...others] = gaps.filter((each) => isGap(each, placing));
  if (gap === undefined) return true;
  if (moves <= others.length / placing.present.length) return false;
  const [wanted, to] = gap;
  for (const { unit, counts } of holders[wanted]) {
    if (budget.tries-- <= 0) return false;
    const from = placing.partOf(unit);
    if (from === to || moved.has(unit)) continue;
    const left = counts
      .map(([classIndex]): Gap => [classIndex, from])
      .filter((each) => isLast(each, placing));
    if (left.length > 0 && moves === 1) continue;
    placing.move(unit, counts, from, to);
    if (fill([...others, ...left], moves - 1, new Set([...moved, unit]), search)) return true;
    placing.move(unit, counts, to, from);
  }
  return false;
}

const isGap = ([classIndex, part]: Gap, { present }: Placing) => present[classIndex][part] === 0;
/** A part that needs no class is never left empty. */
const isLast = ([classIndex, part]: Gap, { present, open }: Placing) =>
  present[classIndex][part] === 1 && open.includes(part);
const sizeOf = (counts: ClassCounts) => counts.reduce((sum, [, count]) => sum + count, 0);
