import { InputError } from "../util/errors.ts";
import { insideArchive } from "./archive.ts";
import { compareCodePoints } from "./compare.ts";
import { directories, type FileRule, listSorted } from "./file-tree.ts";
import { groupByPattern } from "./group-by.ts";
import { isManifestName, looksLikeManifest, type Manifest, parseManifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";
import { type Sample, type ScannedFolder, scanFolder } from "./scan.ts";

/** How much of a table is looked at to see whether it is a manifest. */
const MANIFEST_HEAD = 4096;

/** Photos with their classes, wherever they lie: in a folder, in an archive, or where a manifest says. */
export interface Source extends ScannedFolder {
  /** The machine, as it reads these photos. */
  readonly platform: Platform;
  /** When no more of them is read. */
  close(): Promise<void>;
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
 * @param path a folder with a sub-folder a class (or with such folders in train, val and test), a manifest (.csv, .jsonl), or
 *   either in a zip or tar file
 * @throws InputError `data.…`, `manifest.…`, `archive.…`, `group.…`, `file.…`
 */
export async function openSource(
  platform: Platform,
  path: string,
  options: SourceOptions = {},
): Promise<Source> {
  const close = async () => {};
  if ((await platform.kindOf(path)) !== "file" || isManifestName(path)) {
    return { ...(await readPhotos(platform, path, options)), platform, close };
  }
  const archive = await platform.openArchive(path);
  if (archive === undefined) {
    throw new InputError(
      "data.not-a-folder",
      `Expected a folder of photos, a manifest (.csv, .jsonl) or an archive (.zip, .tar, .tar.gz), found a file at "${path}"`,
    );
  }
  try {
    const inside = insideArchive(platform, path, archive);
    const photos = await readPhotos(inside, await topOf(inside, path), options);
    return { ...photos, platform: inside, close: () => archive.close() };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

/** What in an archive somebody would have named if it were unpacked: its one manifest, or the folder that holds all the rest. */
async function topOf(inside: Platform, path: string): Promise<string> {
  const entries = await listSorted(inside, path);
  const manifests = entries.filter(({ name, kind }) => kind === "file" && isManifestName(name));
  if (manifests.length === 1) {
    const manifest = inside.join(path, manifests[0].name);
    if (looksLikeManifest(new TextDecoder().decode(await inside.readHead(manifest, MANIFEST_HEAD))))
      return manifest;
  }
  const folders = directories(entries);
  if (folders.length !== 1) return path;
  const inner = inside.join(path, folders[0]);
  const isClass =
    directories(await listSorted(inside, inner)).length === 0 && !(await holdsManifest(inside, inner));
  return isClass ? path : topOf(inside, inner);
}

async function holdsManifest(inside: Platform, folder: string): Promise<boolean> {
  return (await listSorted(inside, folder)).some(({ name, kind }) => kind === "file" && isManifestName(name));
}

async function readPhotos(platform: Platform, path: string, options: SourceOptions): Promise<ScannedFolder> {
  const { groupBy, signal, rule } = options;
  if (isManifestName(path) && (await platform.kindOf(path)) === "file")
    return readManifest(platform, path, options);
  const scanned = await scanFolder(platform, path, signal, rule);
  return groupBy === undefined ? scanned : { ...scanned, samples: groupByPattern(scanned.samples, groupBy) };
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
