import { InputError } from "../util/errors.ts";
import { compareCodePoints } from "./compare.ts";
import type { DirectoryEntry, Platform } from "./platform.ts";

/** A file that may be a photo, and the class whose folder it lies in. */
export interface Sample {
  /** As the machine opens it. */
  readonly path: string;
  /** From the data folder on, with "/" on every machine: `happy/2021/beach.jpg`. */
  readonly relativePath: string;
  readonly classIndex: number;
}

export interface ScannedFolder {
  readonly classNames: readonly string[];
  readonly samples: readonly Sample[];
  /** What was passed over though it is not hidden: links to folders, dead links, devices. */
  readonly skipped: readonly { readonly relativePath: string; readonly reason: string }[];
}

/**
 * Finds the files of a data folder by the rules of Keras's `image_dataset_from_directory`: each sub-folder is a class,
 * classes and files are sorted by code point, a class is walked recursively, and a link to a file or a class is
 * followed but a link to a folder inside a class is not, so that no walk goes in circles. Two rules differ: every
 * regular file is a candidate, for its content decides, and what is hidden (".…") is skipped everywhere.
 *
 * @throws InputError `data.no-such-folder`, `data.not-a-folder`, `data.no-classes`, `data.one-class`,
 *   `file.no-permission`
 */
export async function scanFolder(
  platform: Pick<Platform, "kindOf" | "list" | "join">,
  folder: string,
  signal?: AbortSignal,
): Promise<ScannedFolder> {
  await checkIsFolder(platform, folder);
  const entries = visible(await platform.list(folder));
  const classNames = entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
  await checkClasses(platform, folder, entries, classNames);
  const samples: Sample[] = [];
  const skipped: { relativePath: string; reason: string }[] = [];
  for (const [classIndex, name] of classNames.entries()) {
    for (const found of await walk(platform, platform.join(folder, name), name, signal)) {
      if ("reason" in found) skipped.push(found);
      else samples.push({ ...found, classIndex });
    }
  }
  return { classNames, samples, skipped };
}

type Found = { path: string; relativePath: string } | { relativePath: string; reason: string };

/** Files of a folder and all below it, in Keras's order: by folder, then by name. */
async function walk(
  platform: Pick<Platform, "list" | "join">,
  folder: string,
  relativeFolder: string,
  signal?: AbortSignal,
): Promise<Found[]> {
  const folders: { relativeFolder: string; files: Found[] }[] = [];
  const open = [{ folder, relativeFolder }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    signal?.throwIfAborted();
    const files: Found[] = [];
    for (const entry of visible(await platform.list(next.folder))) {
      const path = platform.join(next.folder, entry.name);
      const relativePath = `${next.relativeFolder}/${entry.name}`;
      if (entry.kind === "file") files.push({ path, relativePath });
      else if (entry.kind === "other") files.push({ relativePath, reason: reasonOfOther(entry) });
      else if (entry.link) files.push({ relativePath, reason: "a link to a folder is not followed" });
      else open.push({ folder: path, relativeFolder: relativePath });
    }
    folders.push({ relativeFolder: next.relativeFolder, files });
  }
  return folders
    .sort((a, b) => compareCodePoints(a.relativeFolder, b.relativeFolder))
    .flatMap(({ files }) => files);
}

function visible(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
  return entries
    .filter(({ name }) => !name.startsWith("."))
    .sort((a, b) => compareCodePoints(a.name, b.name));
}

function reasonOfOther({ link }: DirectoryEntry): string {
  return link ? "a link that leads nowhere" : "neither a file nor a folder";
}

async function checkIsFolder(platform: Pick<Platform, "kindOf">, folder: string): Promise<void> {
  const kind = await platform.kindOf(folder);
  if (kind === undefined) {
    throw new InputError("data.no-such-folder", `Expected a folder of photos, found nothing at "${folder}"`);
  }
  if (kind !== "directory") {
    throw new InputError("data.not-a-folder", `Expected a folder of photos, found a file at "${folder}"`);
  }
}

async function checkClasses(
  platform: Pick<Platform, "list" | "join">,
  folder: string,
  entries: readonly DirectoryEntry[],
  classNames: readonly string[],
): Promise<void> {
  if (classNames.length >= 2) return;
  if (classNames.length === 0) {
    const files = entries.filter(({ kind }) => kind === "file").length;
    throw new InputError(
      "data.no-classes",
      `Expected one sub-folder a class in "${folder}", found none (${files} files lie in it directly)`,
    );
  }
  const inner = platform.join(folder, classNames[0]);
  const below = visible(await platform.list(inner)).filter(({ kind }) => kind === "directory");
  const hint = below.length >= 2 ? `. Did you mean "${inner}"?` : "";
  throw new InputError(
    "data.one-class",
    `Expected at least 2 classes (one sub-folder each) in "${folder}", found only "${classNames[0]}"${hint}`,
  );
}
