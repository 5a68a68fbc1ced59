import { z } from "zod";
import { InputError } from "../util/errors.ts";
import type { DataProblem } from "./load.ts";
import { type PartName, partNames } from "./parts.ts";
import type { SplitItem, SplitOptions, SplitParts } from "./split.ts";

const manifestFileSchema = z.object({
  path: z.string().describe('From the data folder on, with "/"'),
  hash: z.string().nullable().describe("SHA-256 of the file; null where it was not read"),
  class: z.string().describe("Name of the class"),
  part: z.enum([...partNames, "excluded"]),
  group: z.string().optional().describe("What the user said it belongs to; a group stays on one side"),
  reason: z.string().optional().describe("Why the file was excluded, or passed over where it has a part"),
});

type ManifestFile = z.infer<typeof manifestFileSchema>;

/** `split.json`: which file went where, and why. */
export const splitManifestSchema = z.object({
  seed: z.number().int(),
  ratios: z.tuple([z.number(), z.number(), z.number()]).describe("Percent of train, validation and test"),
  classes: z.array(z.string()).describe("Class names in index order"),
  files: z.array(manifestFileSchema),
});

/** The files may be a million: they are told one after the other, as often as they are asked for. */
export interface SplitManifest extends Omit<z.infer<typeof splitManifestSchema>, "files"> {
  readonly files: Iterable<ManifestFile>;
}

/** Files that are written at once. */
const PIECE = 4096;

/**
 * The manifest of a split: the files of each part, then those that were left out.
 * @param classOf the class of a file that was left out
 */
export function toSplitManifest(
  items: readonly SplitItem[],
  parts: SplitParts,
  problems: readonly DataProblem[],
  { seed, ratios, classNames }: SplitOptions,
  classOf: (relativePath: string) => string,
): SplitManifest {
  function* files(): Generator<ManifestFile> {
    for (const part of partNames) {
      for (const index of parts[part]) {
        const { relativePath, hash, classIndex, group } = items[index];
        const file = { path: relativePath, hash, class: classNames[classIndex], part };
        yield group === undefined ? file : { ...file, group };
      }
    }
    for (const { relativePath, reason, excluded } of problems) {
      const file = { path: relativePath, hash: null, class: classOf(relativePath), reason };
      if (excluded) yield { ...file, part: "excluded" };
    }
  }
  return { seed, ratios: [...ratios], classes: [...classNames], files: { [Symbol.iterator]: files } };
}

/**
 * The text of `split.json`, a line a file, in pieces: of a million files it is 200 MB.
 * @param passedOver why a file that has a part could not be used after all, by its path
 */
export function* splitManifestText(
  { files, ...rest }: SplitManifest,
  passedOver: ReadonlyMap<string, string> = new Map(),
): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let lines = `${JSON.stringify(rest, undefined, 2).slice(0, -2)},\n  "files": [`;
  let count = 0;
  for (const file of files) {
    const reason = passedOver.get(file.path) ?? file.reason;
    const line = JSON.stringify(reason === undefined ? file : { ...file, reason });
    lines += `${count === 0 ? "" : ","}\n    ${line}`;
    if (++count % PIECE !== 0) continue;
    yield encoder.encode(lines);
    lines = "";
  }
  yield encoder.encode(`${lines}\n  ]\n}\n`);
}

/**
 * Reads `split.json`.
 *
 * @throws InputError `split.bad-manifest`
 */
export function parseSplitManifest(text: string): SplitManifest {
  try {
    return splitManifestSchema.parse(JSON.parse(text));
  } catch (cause) {
    const found = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new InputError("split.bad-manifest", `Expected a split manifest (split.json), found ${found}`, {
      cause,
    });
  }
}

/**
 * Finds the parts of a kept split in images that were loaded again, by content, so that renamed files are found and
 * new ones stay out.
 *
 * @throws InputError `split.data-changed` where an image of the split is gone or is another one now
 */
export function matchSplit(manifest: SplitManifest, items: readonly SplitItem[]): SplitParts {
  const free = new Map<string, number[]>();
  for (const [index, item] of items.entries()) {
    const key = contentKey(item.hash, manifest.classes[item.classIndex]);
    const same = free.get(key);
    if (same === undefined) free.set(key, [index]);
    else same.push(index);
  }
  const parts = { train: [] as number[], validation: [] as number[], test: [] as number[] };
  const gone: string[] = [];
  for (const file of manifest.files) {
    if (file.part === "excluded") continue;
    const index = free.get(contentKey(file.hash ?? "", file.class))?.shift();
    if (index === undefined) gone.push(file.path);
    else parts[file.part].push(index);
  }
  if (gone.length > 0) {
    throw new InputError(
      "split.data-changed",
      `Expected the images that were split, found ${gone.length} of them gone or changed, such as "${gone[0]}"`,
    );
  }
  return parts;
}

/**
 * The part that each image has in a kept split: by content, and by the path too where the same bytes lie in two parts. New
 * images have none.
 */
export function keptParts(manifest: SplitManifest, items: readonly SplitItem[]): (PartName | undefined)[] {
  const byHash = new Map<string, PartName>();
  const byBoth = new Map<string, PartName>();
  for (const { hash, path, part } of manifest.files) {
    if (hash === null || part === "excluded") continue;
    if (!byHash.has(hash)) byHash.set(hash, part); // training comes first in the manifest
    byBoth.set(`${hash} ${path}`, part);
  }
  return items.map(({ hash, relativePath }) => byBoth.get(`${hash} ${relativePath}`) ?? byHash.get(hash));
}

function contentKey(hash: string, className: string): string {
  return `${hash} ${className}`;
}
