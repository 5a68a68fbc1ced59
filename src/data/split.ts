import { InputError } from "../util/errors.ts";
import { apportion } from "./apportion.ts";
import { compareCodePoints } from "./compare.ts";
import { type PartName, partNames } from "./parts.ts";
import { placeUnits } from "./place-units.ts";
import { type Contents, findContents, joinUnits } from "./units.ts";

/** Classes that an error lists at most. */
const NAMED = 10;

/** Percent of the images that go to training, validation and test. */
export type SplitRatios = readonly [train: number, validation: number, test: number];

/** What a split needs to know of an image. */
export interface SplitItem {
  /** SHA-256 of the file. */
  readonly hash: string;
  readonly classIndex: number;
  /** Unique; gives the order within a part. */
  readonly relativePath: string;
  /** Images of one group stay on one side. */
  readonly group?: string | undefined;
  /** Where it lies already, and stays. */
  readonly part?: PartName | undefined;
}

export interface SplitOptions {
  readonly ratios: SplitRatios;
  readonly seed: number;
  readonly classNames: readonly string[];
  /** Sets of items that stay on one side, such as near-duplicates. */
  readonly together?: readonly (readonly number[])[];
}

/** Indices into the items that were split, by path. */
export type SplitParts = Readonly<Record<PartName, readonly number[]>>;

/**
 * Splits by image, class by class in the same proportions, from nothing but content, groups and the seed: neither the order nor
 * the names of the files matter. Byte-identical files, those of a group and near-duplicates stay on one side; bytes that lie in two
 * classes go to training, for no answer to them could be judged. Items that have a part keep it, and what belongs
 * with them follows. Each class has an image in every part that has a share, where its groups allow it.
 *
 * @throws InputError `data.no-images`, `data.too-few-images`
 */
export function splitSamples(items: readonly SplitItem[], options: SplitOptions): SplitParts {
  const contents = findContents(items);
  checkEnough(contents, options);
  const counts = options.classNames.map(() => 0);
  for (const { classIndex } of items) counts[classIndex]++;
  const units = joinUnits(items, contents, options.together);
  const wanted = apportion(counts, options.ratios);
  const partOf = placeUnits(items, units, { ...options, wanted });
  return toParts(items, (index) => items[index].part ?? partNames[partOf[units.unitOf[index]]]);
}

/** Sorts items into their parts, each in the order of the paths. */
export function toParts(
  items: readonly { readonly relativePath: string }[],
  partOf: (index: number) => PartName,
): SplitParts {
  const parts: Record<PartName, number[]> = { train: [], validation: [], test: [] };
  for (const index of items.keys()) parts[partOf(index)].push(index);
  const byPath = (a: number, b: number) => compareCodePoints(items[a].relativePath, items[b].relativePath);
  for (const name of partNames) parts[name].sort(byPath);
  return parts;
}

/** Classes that have no image in a part that has a share, for their images hang together too much. */
export function missingClasses(
  items: readonly SplitItem[],
  parts: SplitParts,
  { ratios, classNames }: SplitOptions,
): { readonly className: string; readonly part: PartName }[] {
  return partNames
    .filter((_, part) => ratios[part] > 0)
    .flatMap((part) => {
      const there = new Set(parts[part].map((index) => items[index].classIndex));
      return classNames
        .filter((_, classIndex) => !there.has(classIndex))
        .map((className) => ({ className, part }));
    });
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

function checkEnough({ count, classOf }: Contents, { ratios, classNames }: SplitOptions): void {
  if (count === 0) throw new InputError("data.no-images", "Expected images that can be read, found none");
  const needed = ratios.filter((ratio) => ratio > 0).length;
  const different = classNames.map(() => 0);
  for (const classIndex of classOf) if (classIndex >= 0) different[classIndex]++;
  const small = classNames
    .map((name, index) => ({ name, count: different[index] }))
    .filter(({ count }) => count < needed);
  if (small.length === 0) return;
  const named = small.slice(0, NAMED).map(({ name, count }) => `${count} in "${name}"`);
  const found = [...named, ...(small.length > NAMED ? [`and so in ${small.length - NAMED} more`] : [])];
  throw new InputError(
    "data.too-few-images",
    `Expected at least ${needed} different readable images in each class, none of them in two classes, found ${found.join(", ")}`,
  );
}
