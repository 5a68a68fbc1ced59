import { InputError } from "../util/errors.ts";
import { RandomStream } from "../util/random.ts";
import { apportion } from "./apportion.ts";
import { compareCodePoints } from "./compare.ts";

/** Percent of the images that go to training, validation and test. */
export type SplitRatios = readonly [train: number, validation: number, test: number];

export const partNames = ["train", "validation", "test"] as const;
export type PartName = (typeof partNames)[number];

/** What a split needs to know of an image. */
export interface SplitItem {
  /** SHA-256 of the file. */
  readonly hash: string;
  readonly classIndex: number;
  /** Unique; gives the order within a part. */
  readonly relativePath: string;
}

export interface SplitOptions {
  readonly ratios: SplitRatios;
  readonly seed: number;
  readonly classNames: readonly string[];
}

/** Indices into the items that were split, by path. */
export type SplitParts = Readonly<Record<PartName, readonly number[]>>;

/**
 * Splits by image, class by class in the same proportions, from nothing but the content and the seed: neither the order
 * nor the names of the files matter. Byte-identical files stay on one side; those that lie in two classes go to
 * training, for no answer to them could be judged. Each class has an image in every part that has a share.
 *
 * @throws InputError `data.no-images`, `data.too-few-images`
 */
export function splitSamples(items: readonly SplitItem[], options: SplitOptions): SplitParts {
  const { ratios, seed, classNames } = options;
  const groups = groupByContent(items);
  checkEnough(items, groups, options);
  const counts = classNames.map((_, index) => items.filter(({ classIndex }) => classIndex === index).length);
  const wanted = apportion(counts, ratios);
  const parts: Record<PartName, number[]> = { train: [], validation: [], test: [] };
  for (const group of groups.filter(({ classIndex }) => classIndex === undefined)) {
    parts.train.push(...group.members);
    for (const member of group.members) wanted[items[member].classIndex][0]--;
  }
  for (const classIndex of classNames.keys()) {
    const own = groups.filter((group) => group.classIndex === classIndex);
    const shuffled = new RandomStream(seed, "split", classIndex).shuffled(own);
    placeGroups(shuffled, wanted[classIndex], ratios, parts);
  }
  const byPath = (a: number, b: number) => compareCodePoints(items[a].relativePath, items[b].relativePath);
  for (const name of partNames) parts[name].sort(byPath);
  return parts;
}

/**
 * Reads ratios as people type them: "70,20,10", or "0.7,0.2,0.1". The test share may be 0, for those who judge on
 * another folder; training and validation need some.
 *
 * @throws InputError `split.bad-ratios`
 */
export function parseSplit(text: string): SplitRatios {
  const refuse = (found: string) =>
    new InputError(
      "split.bad-ratios",
      `Expected three shares for training, validation and test that add up to 100, such as 70,20,10; found ${found}`,
    );
  const words = text.split(",").map((word) => word.trim());
  const shares = words.map((word) => (word === "" ? Number.NaN : Number(word)));
  if (shares.length !== 3 || !shares.every(Number.isFinite)) throw refuse(`"${text}"`);
  if (shares.some((share) => share < 0)) throw refuse(`a negative share in "${text}"`);
  const sum = shares.reduce((total, share) => total + share);
  const unit = Math.abs(sum - 1) < 1e-6 ? 100 : 1;
  if (Math.abs(sum * unit - 100) > 1e-4) throw refuse(`"${text}", which adds up to ${sum}`);
  const [train, validation, test] = shares.map((share) => Number((share * unit).toFixed(6)));
  if (train === 0 || validation === 0) throw refuse(`no share for training or validation in "${text}"`);
  return [train, validation, test];
}

/** Files with the same bytes. */
interface ContentGroup {
  readonly hash: string;
  readonly members: number[];
  /** `undefined` where the same bytes lie in several classes. */
  classIndex: number | undefined;
}

/** In the order of the hashes, which depends on nothing but content. */
function groupByContent(items: readonly SplitItem[]): ContentGroup[] {
  const groups = new Map<string, ContentGroup>();
  for (const [index, { hash, classIndex }] of items.entries()) {
    const group = groups.get(hash);
    if (group === undefined) groups.set(hash, { hash, members: [index], classIndex });
    else {
      group.members.push(index);
      if (group.classIndex !== classIndex) group.classIndex = undefined;
    }
  }
  return [...groups.values()].sort((a, b) => compareCodePoints(a.hash, b.hash));
}

function checkEnough(
  items: readonly SplitItem[],
  groups: readonly ContentGroup[],
  { ratios, classNames }: SplitOptions,
): void {
  if (items.length === 0) {
    throw new InputError("data.no-images", "Expected images that can be read, found none");
  }
  const needed = ratios.filter((ratio) => ratio > 0).length;
  const small = classNames
    .map((name, index) => ({ name, count: groups.filter(({ classIndex }) => classIndex === index).length }))
    .filter(({ count }) => count < needed);
  if (small.length === 0) return;
  const found = small.map(({ name, count }) => `${count} in "${name}"`).join(", ");
  throw new InputError(
    "data.too-few-images",
    `Expected at least ${needed} different readable images in each class, none of them in two classes, found ${found}`,
  );
}

/**
 * Gives each group to the part that misses most. Large groups come first, so that single images fill what is left;
 * as many groups as there are empty parts are kept for these.
 */
function placeGroups(
  groups: readonly ContentGroup[],
  wanted: readonly number[],
  ratios: SplitRatios,
  parts: Record<PartName, number[]>,
): void {
  const missing = [...wanted];
  const empty = new Set(ratios.flatMap((ratio, part) => (ratio > 0 ? [part] : [])));
  const largestFirst = [...groups].sort((a, b) => b.members.length - a.members.length);
  for (const [placed, group] of largestFirst.entries()) {
    const left = largestFirst.length - placed;
    const candidates = left <= empty.size ? [...empty] : ratios.flatMap((ratio, i) => (ratio > 0 ? [i] : []));
    const part = candidates.reduce((best, other) => (missing[other] > missing[best] ? other : best));
    parts[partNames[part]].push(...group.members);
    missing[part] -= group.members.length;
    empty.delete(part);
  }
}
