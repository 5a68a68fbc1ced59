import { InputError } from "../util/errors.ts";
import { type ClassFolder, classFoldersIn } from "./class-folders.ts";
import { compareCodePoints } from "./compare.ts";
import { type FileRule, type FileTree, listSorted, visibleFiles } from "./file-tree.ts";
import type { PartName } from "./parts.ts";
import type { DirectoryEntry } from "./platform.ts";

/** A file that may be a photo, and the class that it is said to be of. */
export interface Sample {
  /** As the machine opens it. */
  readonly path: string;
  /** From the data folder on, with "/" on every machine: `happy/2021/beach.jpg`. */
  readonly relativePath: string;
  readonly classIndex: number;
  /** The part that whoever made the data gave it. */
  readonly part?: PartName | undefined;
  /** What it belongs to, such as a person: a group stays on one side of a split. */
  readonly group?: string | undefined;
}

/** What was passed over though it is not hidden: links to folders, dead links, devices. */
export interface SkippedFile {
  readonly relativePath: string;
  readonly reason: string;
}

export interface ScannedFolder {
  readonly classNames: readonly string[];
  readonly samples: readonly Sample[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Finds the files of a data folder by the rules of Keras's `image_dataset_from_directory`: each sub-folder is a class,
 * classes and files are sorted by code point, a class is walked recursively, and a link to a file or a class is
 * followed but a link to a folder inside a class is not, so that no walk goes in circles. Two rules differ: every
 * regular file is a candidate, for its content decides, and what is hidden (".…") is skipped everywhere.
 *
 * Where the sub-folders are called `train`, `val` (or `valid`, `validation`) and `test`, they are parts, and the classes lie in
 * them. A folder deep inside that may not be read costs what is in it, and is told.
 *
 * @throws InputError `data.no-such-folder`, `data.not-a-folder`, `data.no-classes`, `data.one-class`, `data.mixed-parts`,
 *   `data.two-of-a-part`, `data.class-not-in-train`, `file.no-permission`
 */
export async function scanFolder(
  tree: FileTree,
  folder: string,
  signal?: AbortSignal,
  rule: FileRule = visibleFiles,
): Promise<ScannedFolder> {
  await checkIsFolder(tree, folder);
  const classFolders = await classFoldersIn(tree, folder);
  const classNames = [...new Set(classFolders.map(({ name }) => name))].sort(compareCodePoints);
  const indices = new Map(classNames.map((name, index) => [name, index]));
  const samples: Sample[] = [];
  const skipped: SkippedFile[] = [];
  for (const classFolder of classFolders) {
    const { name, part } = classFolder;
    await walk(classFolder, { tree, rule, signal, part, samples, skipped, classIndex: indices.get(name)! });
  }
  return { classNames, samples, skipped };
}

interface Walk {
  readonly tree: FileTree;
  readonly rule: FileRule;
  readonly signal: AbortSignal | undefined;
  readonly classIndex: number;
  readonly part: PartName | undefined;
  readonly samples: Sample[];
  readonly skipped: SkippedFile[];
}

type Place = Pick<ClassFolder, "path" | "relativePath">;

/** Files of a folder and all below it, in Keras's order: by folder, then by name. */
async function walk(top: Place, to: Walk): Promise<void> {
  const listed: { place: Place; entries: DirectoryEntry[] }[] = [];
  const open = [top];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    to.signal?.throwIfAborted();
    const entries = await listBelow(place, place === top, to);
    listed.push({ place, entries });
    for (const { name, kind, link } of entries) {
      if (kind !== "directory" || link) continue;
      open.push({ path: to.tree.join(place.path, name), relativePath: `${place.relativePath}/${name}` });
    }
  }
  listed.sort((a, b) => compareCodePoints(a.place.relativePath, b.place.relativePath));
  for (const { place, entries } of listed) {
    // a path is put together from its folder's and its name only when it is used: a million of them are a third of the memory so
    const prefix = to.tree.join(place.path, "_").slice(0, -1);
    for (const entry of entries) take(prefix, `${place.relativePath}/`, entry, to);
  }
}

async function listBelow(
  { path, relativePath }: Place,
  isClass: boolean,
  to: Walk,
): Promise<DirectoryEntry[]> {
  try {
    return await listSorted(to.tree, path, to.rule);
  } catch (error) {
    if (!(error instanceof InputError) || isClass) throw error;
    to.skipped.push({ relativePath, reason: error.message });
    return [];
  }
}

function take(prefix: string, relativePrefix: string, entry: DirectoryEntry, to: Walk): void {
  if (entry.kind === "directory" && !entry.link) return;
  const { rule, part, classIndex, samples, skipped } = to;
  const relativePath = relativePrefix + entry.name;
  if (entry.kind !== "directory" && rule.takes(entry)) {
    const sample = { path: prefix + entry.name, relativePath, classIndex };
    samples.push(part ? { ...sample, part } : sample);
  } else skipped.push({ relativePath, reason: reasonToSkip(entry) });
}

function reasonToSkip({ kind, link }: DirectoryEntry): string {
  if (kind === "directory") return "a link to a folder is not followed";
  if (kind === "file") return "its name does not end as those that Keras reads";
  return link ? "a link that leads nowhere" : "neither a file nor a folder";
}

async function checkIsFolder(tree: FileTree, folder: string): Promise<void> {
  const kind = await tree.kindOf(folder);
  if (kind === undefined) {
    throw new InputError("data.no-such-folder", `Expected a folder of photos, found nothing at "${folder}"`);
  }
  if (kind !== "directory") {
    throw new InputError("data.not-a-folder", `Expected a folder of photos, found a file at "${folder}"`);
  }
}
