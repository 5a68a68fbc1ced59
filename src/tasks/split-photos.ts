import { kerasSplit } from "../data/keras-split.ts";
import { partNames } from "../data/parts.ts";
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

function splitNew({ items, seed, classNames, together }: SplitRequest, ratios: SplitRatios): PhotoSplit {
  const options: SplitOptions = { ratios, seed, classNames, ...(together && { together }) };
  const parts = splitSamples(items, options);
  return { parts, options, notices: [...groupNotices(items), ...missingNotices(items, parts, options)] };
}

/** The parts are taken as they are; only a validation part that is not there comes out of training. */
function splitAsGiven(request: SplitRequest, ratios: SplitRatios): PhotoSplit {
  const { items, samples, seed, classNames, together } = request;
  const options: SplitOptions = { ratios, seed, classNames, ...(together && { together }) };
  const parts = samples.some(({ part }) => part === undefined)
    ? splitSamples(items, options)
    : splitGivenParts(request, options);
  checkFilled(parts);
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
  notices.push(...missingNotices(items, parts, options), ...straddlingNotices(items, parts));
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
  const inner = splitSamples(
    own.map((index) => ({ ...items[index], part: undefined })),
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
  checkFilled(parts);
  const options: SplitOptions = {
    ratios: [100 * (1 - validationSplit), 100 * validationSplit, 0],
    seed,
    classNames,
  };
  const notices = [
    `Split as Keras's image_dataset_from_directory(validation_split=${validationSplit}, seed=${seed}) splits: not stratified, copies may fall on two sides, and without a test part nothing is judged in the end.`,
    ...straddlingNotices(items, parts),
  ];
  return { parts, options, notices };
}

/** Photos that were split before keep their part; new ones are dealt out so that the same shares are approached. */
function splitAsKept(request: SplitRequest, kept: SplitManifest): PhotoSplit {
  const { items, seed, classNames, together } = request;
  const known = keptParts(kept, items);
  const options: SplitOptions = { ratios: kept.ratios, seed, classNames, ...(together && { together }) };
  const settled = items.map((item, index) => ({ ...item, part: known[index] }));
  const parts = splitSamples(settled, options);
  const old = known.filter((part) => part !== undefined).length;
  const added = partNames.map(
    (name) => `${parts[name].filter((index) => known[index] === undefined).length} to ${name}`,
  );
  const notices = [
    `${counted(old)} keep the part of the earlier split; ${counted(items.length - old)} are new: ${added.join(", ")}.`,
    ...groupNotices(items),
    ...missingNotices(items, parts, options),
    ...straddlingNotices(items, parts),
  ];
  return { parts, options, notices };
}

function groupNotices(items: readonly SplitItem[]): string[] {
  const grouped = items.filter(({ group }) => group !== undefined);
  if (grouped.length === 0) return [];
  const groups = new Set(grouped.map(({ group }) => group)).size;
  const alone = items.length - grouped.length;
  const rest = alone > 0 ? `; ${counted(alone)} belong to none` : "";
  return [`${counted(grouped.length)} in ${groups} groups, each on one side of the split${rest}.`];
}

function checkFilled(parts: SplitParts): void {
  const empty = (["train", "validation"] as const).find((name) => parts[name].length === 0);
  if (empty === undefined) return;
  throw new InputError("data.no-images", `Expected images that can be read in the ${empty} part, found none`);
}

function missingNotices(items: readonly SplitItem[], parts: SplitParts, options: SplitOptions): string[] {
  return missingClasses(items, parts, options).map(
    ({ className, part }) =>
      `The ${part} part has no photo of "${className}": too few of its photos are independent of each other.`,
  );
}

/** Where the split is somebody else's, what leaks through it is told. */
function straddlingNotices(items: readonly SplitItem[], parts: SplitParts): string[] {
  const copies = countStraddling(parts, (index) => items[index].hash);
  const groups = countStraddling(parts, (index) => items[index].group);
  const warn = (what: string) =>
    `${what} on two sides of this split: what is judged there has been seen in training.`;
  return [
    ...(copies > 0 ? [warn(`${counted(copies)} lie byte for byte`)] : []),
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
