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
  reason: z.string().optional().describe("Why the file was excluded"),
});

/** `split.json`: which file went where, and why. */
export const splitManifestSchema = z.object({
  seed: z.number().int(),
  ratios: z.tuple([z.number(), z.number(), z.number()]).describe("Percent of train, validation and test"),
  classes: z.array(z.string()).describe("Class names in index order"),
  files: z.array(manifestFileSchema),
});

export type SplitManifest = z.infer<typeof splitManifestSchema>;

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
  const used = partNames.flatMap((part) =>
    parts[part].map((index) => {
      const { relativePath, hash, classIndex, group } = items[index];
      return {
        path: relativePath,
        hash,
        class: classNames[classIndex],
        part,
        ...(group !== undefined && { group }),
      };
    }),
  );
  const excluded = problems
    .filter((problem) => problem.excluded)
    .map(({ relativePath, reason }) => ({
      path: relativePath,
      hash: null,
      class: classOf(relativePath),
      part: "excluded" as const,
      reason,
    }));
  return { seed, ratios: [...ratios], classes: [...classNames], files: [...used, ...excluded] };
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
    free.set(key, [...(free.get(key) ?? []), index]);
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
