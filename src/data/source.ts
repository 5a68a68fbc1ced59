import { InputError } from "../util/errors.ts";
import { compareCodePoints } from "./compare.ts";
import type { FileRule } from "./file-tree.ts";
import { groupByPattern } from "./group-by.ts";
import { isManifestName, type Manifest, parseManifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";
import { type Sample, type ScannedFolder, scanFolder } from "./scan.ts";

/** Photos with their classes, wherever they lie: in a folder, or where a manifest says. */
export interface Source extends ScannedFolder {
  /** The machine, as it reads these photos. */
  readonly platform: Platform;
}

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
  /** A regular expression over paths, or a column of the manifest, that names what each photo belongs to. */
  readonly groupBy?: string | undefined;
  /** Which files of a class's folder are samples. */
  readonly rule?: FileRule | undefined;
}

/**
 * Finds photos and their classes.
 *
 * @param path a folder with a sub-folder a class (or with such folders in train, val and test), or a manifest (.csv, .jsonl)
 * @throws InputError `data.…`, `manifest.…`, `group.…`, `file.…`
 */
export async function openSource(
  platform: Platform,
  path: string,
  options: SourceOptions = {},
): Promise<Source> {
  const isManifest = isManifestName(path) && (await platform.kindOf(path)) === "file";
  if (isManifest) return { ...(await readManifest(platform, path, options)), platform };
  const scanned = await scanFolder(platform, path, options.signal, options.rule);
  const { groupBy } = options;
  const samples = groupBy === undefined ? scanned.samples : groupByPattern(scanned.samples, groupBy);
  return { ...scanned, samples, platform };
}

async function readManifest(
  platform: Platform,
  path: string,
  { groupBy, rule }: SourceOptions,
): Promise<ScannedFolder> {
  if (rule !== undefined) {
    throw new InputError(
      "split.keras-needs-folders",
      `Expected a folder with a sub-folder a class for --split keras, found the manifest "${path}"`,
    );
  }
  const text = new TextDecoder().decode(await platform.readFile(path));
  const { columns, rows } = parseManifest(text, platform.baseName(path), groupBy);
  const scanned = toSamples(platform, platform.join(path, ".."), rows);
  if (groupBy === undefined || columns.includes(groupBy)) return scanned;
  const orColumn = ` or to be one of the columns ${columns.join(", ")}`;
  return { ...scanned, samples: groupByPattern(scanned.samples, groupBy, orColumn) };
}

function toSamples(platform: Platform, folder: string, rows: Manifest["rows"]): ScannedFolder {
  const classNames = [...new Set(rows.map(({ label }) => label))].sort(compareCodePoints);
  if (classNames.length < 2) {
    throw new InputError(
      "data.one-class",
      `Expected at least 2 labels in the manifest, found only "${classNames[0]}"`,
    );
  }
  const indices = new Map(classNames.map((name, index) => [name, index]));
  const samples = rows.map(({ path, label, line: _, ...rest }): Sample => {
    const absolute = /^(?:[A-Za-z]:)?[\\/]/.test(path);
    const classIndex = indices.get(label)!;
    return { path: absolute ? path : platform.join(folder, path), relativePath: path, classIndex, ...rest };
  });
  return { classNames, samples, skipped: [] };
}
