import { kerasSplit } from "../data/keras-split.ts";
import { type PartName, partNames } from "../data/parts.ts";
import type { Sample } from "../data/scan.ts";
import {
  missingClasses,
  type SplitItem,
  type SplitOptions,
  type SplitParts,
  type SplitRatios,
  splitSamples,
  toParts,
} from "../data/split.ts";
import type { SplitChoice } from "../data/split-choice.ts";
import { keptParts, parseSplitManifest, type SplitManifest } from "../data/split-manifest.ts";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";
import { runFiles } from "./run-folder.ts";

/** How many photos lie in each part, in words. */
const counted = (count: number) => (count === 1 ? "1 photo" : `${count} photos`);

export interface SplitRequest {
  readonly choice: SplitChoice;
  readonly seed: number;
  readonly classNames: readonly string[];
  /** All that the scan found, in its order; some could not be read. */
  readonly samples: readonly Sample[];
  /** The photos that could be read. */
  readonly items: readonly (SplitItem & { readonly sample: Sample })[];
  /** Sets of items that stay on one side. */
  readonly together?: readonly (readonly number[])[];
  /** The split of an earlier run, where the choice names one. */
  readonly kept?: SplitManifest | undefined;
}

export interface PhotoSplit {
  readonly parts: SplitParts;
  readonly options: SplitOptions;
  /** What the user should know of it. */
  readonly notices: readonly string[];
}

/**
 * Splits photos as the user chose, and as the photos themselves say where somebody has given them their parts already.
 *
 * @throws InputError `data.…`, `split.…`
 */
export function splitPhotos(request: SplitRequest): PhotoSplit {
  const given = request.samples.some(({ part }) => part !== undefined);
  if (request.choice.by === "ratios")
    return given ? splitAsGiven(request, request.choice.ratios) : splitNew(request, request.choice.ratios);
  if (given) {
    throw new InputError(
      "split.given-twice",
      "Expected --split with shares only, since these photos come with their parts (train, validation, test)",
    );
  }
  if (request.choice.by === "keras") return splitAsKeras(request, request.choice.validationSplit);
  return splitAsKept(request, request.kept!);
}

/** Reads the split that `--split <path>` names. */
export async function readKeptSplit(
  machine: Pick<Machine, "kindOf" | "join" | "readFile">,
  path: string,
): Promise<SplitManifest> {
  const kind = await machine.kindOf(path);
  const file = kind === "directory" ? machine.join(path, runFiles.split) : path;
  if (kind === undefined || (await machine.kindOf(file)) !== "file") {
    throw new InputError(
      "split.not-found",
      `Expected shares such as 70,20,10, a run folder, a split.json or keras after --split, found "${path}"`,
    );
  }
  return parseSplitManifest(new TextDecoder().decode(await machine.readFile(file)));
}

function splitNew(request: SplitRequest, ratios: SplitRatios): PhotoSplit {
  const { items, seed, classNames, together = [] } = request;
  const { parts, options, notices } = splitTogether(items, { ratios, seed, classNames, together });
  return { parts, options, notices: [...groupNotices(items, options), ...notices] };
}

/**
 * Splits, and where near-duplicates hold a class together so that a part would be without it, lets go of that class's: a hundred
 * frames of one scene are all that some have, and to judge on them too kindly, and say so, is better than not at all.
 */
function splitTogether(items: readonly SplitItem[], options: SplitOptions): PhotoSplit {
  const parts = splitSamples(items, options);
  const { together = [], classNames } = options;
  const short = new Set(missingClasses(items, parts, options).map(({ className }) => className));
  const isShort = (index: number) => short.has(classNames[items[index].classIndex]);
  const kept = together.filter((set) => !set.some(isShort));
  if (kept.length === together.length) {
    checkFilled(parts, options);
    return { parts, options, notices: missingNotices(items, parts, options) };
  }
  const again = splitTogether(items, { ...options, together: kept });
  const named = [...short].map((name) => `"${name}"`).join(", ");
  const notice = `Too few photos of ${named} are independent of each other: their near-duplicates are split as other photos are, and what is judged on them is too good.`;
  return { ...again, notices: [notice, ...again.notices] };
}

/** The parts are taken as they are; only a validation part that is not there comes out of training. */
function splitAsGiven(request: SplitRequest, ratios: SplitRatios): PhotoSplit {
  const { items, samples, seed, classNames, together } = request;
  const options: SplitOptions = { ratios, seed, classNames, ...(together && { together }) };
  const parts = samples.some(({ part }) => part === undefined)
    ? splitSamples(items, options)
    : splitGivenParts(request, options);
  checkFilled(parts, options);
  const [hasValidation, hasTest] = (["validation", "test"] as const).map((part) =>
    samples.some((sample) => sample.part === part),
  );
  const notices = ["The photos come with their parts, which are taken as they are."];
  if (!hasValidation)
    notices.push(
      `They come without a validation part: ${counted(parts.validation.length)} of the training photos are taken for it.`,
    );
  if (!hasTest && parts.test.length === 0)
    notices.push("They come without a test part, so nothing is judged in the end.");
  notices.push(...missingNotices(items, parts, options), ...straddlingNotices(request, parts));
  return { parts, options, notices };
}

function splitGivenParts({ items, samples }: SplitRequest, options: SplitOptions): SplitParts {
  if (samples.some(({ part }) => part === "validation")) return toParts(items, (index) => items[index].part!);
  const [train, validation] = options.ratios;
  const ratios: SplitRatios = [
    (100 * train) / (train + validation),
    (100 * validation) / (train + validation),
    0,
  ];
  const own = items.flatMap(({ part }, index) => (part === "train" ? [index] : []));
  const place = new Map(own.map((index, inner) => [index, inner]));
  const together = options.together?.map((set) => set.flatMap((index) => place.get(index) ?? []));
  const { parts: inner } = splitTogether(
    own.map((index) => withPart(items[index], undefined)),
    { ...options, ratios, ...(together && { together }) },
  );
  const forValidation = new Set(inner.validation.map((index) => own[index]));
  return toParts(items, (index) => (forValidation.has(index) ? "validation" : items[index].part!));
}

function splitAsKeras(request: SplitRequest, validationSplit: number): PhotoSplit {
  const { items, samples, seed, classNames } = request;
  const partOfSample = kerasSplit(samples.length, validationSplit, seed);
  const places = new Map(samples.map((sample, index) => [sample, index]));
  const parts = toParts(items, (index) => partOfSample[places.get(items[index].sample)!]);
  const options: SplitOptions = {
    ratios: [100 * (1 - validationSplit), 100 * validationSplit, 0],
    seed,
    classNames,
  };
  checkFilled(parts, options);
  const notices = [
    `Split as Keras's image_dataset_from_directory(validation_split=${validationSplit}, seed=${seed}) splits: not stratified, copies may fall on two sides, and without a test part nothing is judged in the end.`,
    ...straddlingNotices(request, parts),
  ];
  return { parts, options, notices };
}

/** Photos that were split before keep their part; new ones are dealt out so that the same shares are approached. */
function splitAsKept(request: SplitRequest, kept: SplitManifest): PhotoSplit {
  const { items, seed, classNames, together } = request;
  const known = keptParts(kept, items);
  const settled = items.map((item, index) => withPart(item, known[index]));
  const wanted: SplitOptions = { ratios: kept.ratios, seed, classNames, ...(together && { together }) };
  const { parts, options, notices: missing } = splitTogether(settled, wanted);
  const old = known.filter((part) => part !== undefined).length;
  const added = partNames.map(
    (name) => `${parts[name].filter((index) => known[index] === undefined).length} to ${name}`,
  );
  const notices = [
    `${counted(old)} keep the part of the earlier split; ${counted(items.length - old)} are new: ${added.join(", ")}.`,
    ...groupNotices(items, options),
    ...missing,
    ...straddlingNotices(request, parts),
  ];
  return { parts, options, notices };
}

function withPart(
  { hash, classIndex, relativePath, group }: SplitItem,
  part: PartName | undefined,
): SplitItem {
  return { hash, classIndex, relativePath, group, part };
}

function groupNotices(items: readonly SplitItem[], { together = [] }: SplitOptions): string[] {
  const grouped = items.filter(({ group }) => group !== undefined);
  const groups = new Set(grouped.map(({ group }) => group)).size;
  const alone = items.length - grouped.length;
  const rest = alone > 0 ? `; ${counted(alone)} belong to none` : "";
  const sets = nearDuplicateSets(items, together);
  const alike = sets.reduce((sum, { length }) => sum + length, 0);
  return [
    ...(groups > 0
      ? [`${counted(grouped.length)} in ${groups} groups, each on one side of the split${rest}.`]
      : []),
    ...(alike > 0
      ? [
          `${counted(alike)} in ${sets.length} ${sets.length === 1 ? "set" : "sets"} of near-duplicates, each on one side of the split (--duplicates ignore splits them as others).`,
        ]
      : []),
  ];
}

/** Without those that are byte for byte the same, which needs no saying. */
function nearDuplicateSets(items: readonly SplitItem[], together: readonly (readonly number[])[]) {
  return together.filter((set) => new Set(set.map((index) => items[index].hash)).size > 1);
}

/** Without photos to train on, or to choose the best epoch by, nothing can be said. */
function checkFilled(parts: SplitParts, { ratios }: SplitOptions): void {
  const empty = (["train", "validation"] as const).find((name) => parts[name].length === 0);
  if (empty === undefined) return;
  throw new InputError(
    "split.empty-part",
    `Expected photos that can be read in the ${empty} part (${ratios.map((ratio) => Number(ratio.toFixed(1))).join(", ")} percent), found none: too few are independent of each other`,
  );
}

function missingNotices(items: readonly SplitItem[], parts: SplitParts, options: SplitOptions): string[] {
  return missingClasses(items, parts, options).map(
    ({ className, part }) =>
      `The ${part} part has no photo of "${className}": too few of its photos are independent of each other.`,
  );
}

/** Where the split is somebody else's, what leaks through it is told. */
function straddlingNotices({ items, together = [] }: SplitRequest, parts: SplitParts): string[] {
  const setOf = new Map<number, string>();
  for (const [id, set] of nearDuplicateSets(items, together).entries()) {
    for (const index of set) setOf.set(index, String(id));
  }
  const copies = countStraddling(parts, (index) => items[index].hash);
  const alike = countStraddling(parts, (index) => setOf.get(index));
  const groups = countStraddling(parts, (index) => items[index].group);
  const warn = (what: string) =>
    `${what} on two sides of this split: what is judged there has been seen in training.`;
  return [
    ...(copies > 0 ? [warn(`${counted(copies)} lie byte for byte`)] : []),
    ...(alike > 0 ? [warn(`Near-duplicates, ${counted(alike)}, lie`)] : []),
    ...(groups > 0 ? [warn(`Groups with ${counted(groups)} lie`)] : []),
  ];
}

/** How many photos share their key with one in another part. */
function countStraddling(parts: SplitParts, keyOf: (index: number) => string | undefined): number {
  const partsOfKey = new Map<string, Set<string>>();
  const each = (work: (key: string, part: string) => void) => {
    for (const part of partNames) {
      for (const index of parts[part]) {
        const key = keyOf(index);
        if (key !== undefined) work(key, part);
      }
    }
  };
  each((key, part) => partsOfKey.set(key, (partsOfKey.get(key) ?? new Set()).add(part)));
  let count = 0;
  each((key) => {
    if (partsOfKey.get(key)!.size > 1) count++;
  });
  return count;
}
