import { compareCodePoints } from "../compare.ts";
import type { NearDuplicateGroup } from "../duplicates/near-duplicates.ts";
import type { PartName } from "../parts.ts";
import { type Finding, type FindingCase, type FindingKind, toFindings } from "./finding.ts";
import type { SurveyedPhoto } from "./survey.ts";

const kinds = {
  "split.leak": {
    title: "The same picture on two sides of the split",
    message:
      "These lie in two parts of the split that is there: what is asked in one part has been answered in another. train keeps to a split that the data names, and warns; move them to one part, or make a new split.",
  },
  "duplicate.in-two-classes": {
    title: "The same picture in two classes",
    message:
      "One of the classes is wrong, or both are right and no answer can be. train uses files of the same bytes for training only, and keeps the others on one side of the split.",
  },
  "duplicate.same-bytes": {
    title: "The same file more than once",
    message: "These files are equal byte by byte; train uses all of them, and keeps them in one part.",
  },
  "duplicate.same-pixels": {
    title: "The same pixels in other files",
    message:
      "These files differ, but the pictures in them do not; train uses all of them, and keeps them on one side of the split, unless they are of one colour.",
  },
  "duplicate.near": {
    title: "Nearly the same picture",
    message:
      "Resized, compressed anew, cropped a little, mirrored or lit another way. train uses all of them, and keeps them on one side of the split.",
  },
} as const;

/**
 * Of photos that show the same.
 * @param groups of near-duplicates; indices into `photos`
 * @param parts the part of each photo in a split that is there
 */
export function duplicateFindings(
  photos: readonly SurveyedPhoto[],
  groups: readonly NearDuplicateGroup[],
  classNames: readonly string[],
  parts: readonly (PartName | undefined)[],
): Finding[] {
  const pathOf = (index: number) => photos[index].sample.relativePath;
  const sameBytes = setsBy(photos, ({ hash }) => hash);
  const samePixels = setsBy(photos, ({ pixels }) => pixels);
  const sameToTheEye = [...groups.map(({ members }) => members), ...outside(samePixels, groups)];
  const acrossLabels = (labelOf: (index: number) => string | undefined) =>
    sameToTheEye.flatMap((members): FindingCase[] => {
      const labels = [...new Set(members.map(labelOf).filter((label) => label !== undefined))];
      return labels.length < 2 ? [] : [{ files: members.map(pathOf), detail: listed(labels) }];
    });
  const found: Readonly<Record<keyof typeof kinds, readonly FindingCase[]>> = {
    "split.leak": acrossLabels((index) => parts[index]),
    "duplicate.in-two-classes": acrossLabels((index) => classNames[photos[index].sample.classIndex]),
    "duplicate.same-bytes": sameBytes.map((members) => ({
      files: members.map(pathOf),
      detail: `${members.length} times the same`,
    })),
    "duplicate.same-pixels": samePixels
      .map((members) => firstOfEach(members, (index) => photos[index].hash))
      .filter((members) => members.length > 1)
      .map((members) => ({ files: members.map(pathOf), detail: `${members.length} files` })),
    "duplicate.near": groups.flatMap((group) => {
      const members = firstOfEach(group.members, (index) => photos[index].pixels);
      return members.length < 2 ? [] : [{ files: members.map(pathOf), detail: likeness(group) }];
    }),
  };
  return Object.entries(found).flatMap(([code, cases]) => {
    const kind: FindingKind = { ...kinds[code as keyof typeof kinds], effect: "used" };
    return toFindings(
      code,
      kind,
      [...cases].sort((a, b) => compareCodePoints(a.files[0], b.files[0])),
    );
  });
}

/** Sets of two and more photos that have the same key. */
function setsBy(photos: readonly SurveyedPhoto[], keyOf: (photo: SurveyedPhoto) => string): number[][] {
  const sets = new Map<string, number[]>();
  for (const [index, photo] of photos.entries()) {
    const set = sets.get(keyOf(photo));
    if (set === undefined) sets.set(keyOf(photo), [index]);
    else set.push(index);
  }
  return [...sets.values()].filter(({ length }) => length > 1);
}

/** Sets that no group holds: pictures of one colour are never near-duplicates, but may be equal. */
function outside(sets: readonly number[][], groups: readonly NearDuplicateGroup[]): number[][] {
  const grouped = new Set(groups.flatMap(({ members }) => members));
  return sets.filter(([first]) => !grouped.has(first));
}

function firstOfEach(members: readonly number[], keyOf: (index: number) => string): number[] {
  const seen = new Set<string>();
  return members.filter((index) => !seen.has(keyOf(index)) && seen.add(keyOf(index)));
}

function likeness({ pairs }: NearDuplicateGroup): string {
  const least = Math.min(...pairs.map(({ similarity }) => similarity));
  const mirrored = pairs.some((pair) => pair.mirrored) ? ", mirrored" : "";
  return `similarity ${least.toFixed(3)}${mirrored}`;
}

function listed(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return `${quoted.slice(0, -1).join(", ")} and ${quoted[quoted.length - 1]}`;
}
