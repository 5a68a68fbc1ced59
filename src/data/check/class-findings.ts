import { type Finding, toFindings } from "./finding.ts";
import type { SurveyedPhoto } from "./survey.ts";

/** A class of the data, and how much of it is there. */
export interface ClassCensus {
  readonly name: string;
  readonly files: number;
  /** Files that training can use. */
  readonly usable: number;
  /** Of these, how many differ in a byte at least, those left aside whose bytes lie in another class too: what a split needs. */
  readonly different: number;
}

/** Fewer than one for each part. */
const TOO_FEW = 3;
/** With fewer the test part, a tenth, has one photo. */
const FEW = 20;
/** The largest class to the smallest. */
const IMBALANCE = 3;

/** Of the classes themselves. */
export function classFindings(classes: readonly ClassCensus[]): Finding[] {
  const few = (least: number, most: number) =>
    classes
      .filter(({ different }) => different >= least && different < most)
      .map(({ name, different }) => ({ files: [], detail: `${count(different)} in "${name}"` }));
  return [
    ...toFindings(
      "class.too-small",
      {
        title: "Too few photos to split",
        message: `train refuses classes with fewer than ${TOO_FEW} different photos, for each part needs one.`,
        effect: "refused",
      },
      few(0, TOO_FEW),
    ),
    ...toFindings(
      "class.small",
      {
        title: "Few photos",
        message: `Of fewer than ${FEW} photos train puts one or two into the test part: what it says of such a class is rough.`,
        effect: "used",
      },
      few(TOO_FEW, FEW),
    ),
    ...imbalance(classes),
    ...similarNames(classes),
  ];
}

/** Counts the files of each class. */
export function takeCensus(
  classNames: readonly string[],
  photos: readonly SurveyedPhoto[],
  unread: readonly { readonly sample: { readonly classIndex: number } }[],
): ClassCensus[] {
  const [files, usable, different] = [0, 1, 2].map(() => classNames.map(() => 0));
  const classOf = new Map<string, number | undefined>();
  for (const { sample, hash } of photos) {
    const { classIndex } = sample;
    files[classIndex]++;
    usable[classIndex]++;
    classOf.set(hash, classOf.has(hash) && classOf.get(hash) !== classIndex ? undefined : classIndex);
  }
  for (const { sample } of unread) files[sample.classIndex]++;
  for (const classIndex of classOf.values()) if (classIndex !== undefined) different[classIndex]++;
  return classNames.map((name, index) => {
    return { name, files: files[index], usable: usable[index], different: different[index] };
  });
}

function imbalance(classes: readonly ClassCensus[]): Finding[] {
  const sorted = [...classes].filter(({ usable }) => usable > 0).sort((a, b) => b.usable - a.usable);
  const [largest, smallest] = [sorted[0], sorted[sorted.length - 1]];
  if (largest === undefined || largest.usable <= IMBALANCE * smallest.usable) return [];
  const times = (largest.usable / smallest.usable).toFixed(1);
  const kind = {
    title: "Classes of very different size",
    message:
      "train uses all photos and weighs them alike, so that a classifier that always says the largest class looks good: read precision and recall of each class, not accuracy.",
    effect: "used",
  } as const;
  const detail = `${count(largest.usable)} in "${largest.name}", ${count(smallest.usable)} in "${smallest.name}": ${times} times as many`;
  return toFindings("class.imbalance", kind, [{ files: [], detail }]);
}

function similarNames(classes: readonly ClassCensus[]): Finding[] {
  const byPlainName = new Map<string, string[]>();
  for (const { name } of classes) {
    const plain = name
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[\s_-]+/g, "");
    byPlainName.set(plain, [...(byPlainName.get(plain) ?? []), name]);
  }
  const cases = [...byPlainName.values()]
    .filter(({ length }) => length > 1)
    .map((names) => ({ files: [], detail: names.map((name) => `"${name}"`).join(", ") }));
  const kind = {
    title: "Class names that differ by little",
    message:
      "The names of these classes differ in capitals, blanks, hyphens or underscores only; train takes them for different classes. If they are one, put their photos into one folder.",
    effect: "used",
  } as const;
  return toFindings("class.similar-names", kind, cases);
}

const count = (photos: number) => (photos === 1 ? "1 photo" : `${photos} photos`);
