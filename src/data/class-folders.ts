import { InputError } from "../util/errors.ts";
import { directories, type FileTree, listSorted } from "./file-tree.ts";
import { type PartName, partOfWord } from "./parts.ts";
import type { DirectoryEntry } from "./platform.ts";

/** A folder whose files are of one class. */
export interface ClassFolder {
  /** The class. */
  readonly name: string;
  readonly path: string;
  readonly relativePath: string;
  /** Where the folder lies in one called train, validation or test. */
  readonly part?: PartName | undefined;
}

/**
 * The folders of classes: those in `folder`, or, where these are called train, val and test, those in them.
 *
 * @throws InputError `data.no-classes`, `data.one-class`, `data.mixed-parts`, `data.two-of-a-part`, `data.class-not-in-train`
 */
export async function classFoldersIn(tree: FileTree, folder: string): Promise<ClassFolder[]> {
  const top = await listSorted(tree, folder);
  const inParts = await foldersInParts(tree, folder, directories(top));
  const found = inParts ?? directories(top).map((name) => toClassFolder(tree, folder, name));
  const names = new Set(found.map(({ name }) => name));
  if (names.size === 0) refuseNoClasses(folder, top);
  if (names.size === 1) await refuseOneClass(tree, folder, found[0], inParts !== undefined);
  return found;
}

function toClassFolder(tree: FileTree, folder: string, name: string, of?: NamedPart): ClassFolder {
  const path = tree.join(folder, name);
  return of
    ? { name, path, relativePath: `${of.name}/${name}`, part: of.part }
    : { name, path, relativePath: name };
}

interface NamedPart {
  readonly name: string;
  readonly part: PartName | undefined;
}

/** Undefined where the sub-folders are no parts. */
async function foldersInParts(
  tree: FileTree,
  folder: string,
  names: readonly string[],
): Promise<ClassFolder[] | undefined> {
  const named = names.map((name) => ({ name, part: partOfWord(name) }));
  const parts = new Set(named.map(({ part }) => part).filter((part) => part !== undefined));
  if (!parts.has("train") || parts.size < 2) return undefined;
  const found: ClassFolder[] = [];
  for (const each of named) {
    if (each.part === undefined) continue;
    const inner = tree.join(folder, each.name);
    const classes = directories(await listSorted(tree, inner));
    found.push(...classes.map((name) => toClassFolder(tree, inner, name, each)));
  }
  if (found.length === 0) return undefined; // classes that happen to be called so, with their files
  checkParts(folder, named);
  checkTrainHasAll(folder, found);
  return found;
}

function checkParts(folder: string, named: readonly NamedPart[]): void {
  const other = named.find(({ part }) => part === undefined);
  if (other !== undefined) {
    throw new InputError(
      "data.mixed-parts",
      `Expected no other folders beside train, val and test in "${folder}", found "${other.name}"; move it elsewhere`,
    );
  }
  for (const { part } of named) {
    const same = named.filter((each) => each.part === part).map(({ name }) => `"${name}"`);
    if (same.length === 1) continue;
    throw new InputError(
      "data.two-of-a-part",
      `Expected one folder for ${part} in "${folder}", found ${same.join(" and ")}`,
    );
  }
}

function checkTrainHasAll(folder: string, found: readonly ClassFolder[]): void {
  const trained = new Set(found.filter(({ part }) => part === "train").map(({ name }) => name));
  const untrained = found.find(({ name }) => !trained.has(name));
  if (untrained === undefined) return;
  throw new InputError(
    "data.class-not-in-train",
    `Expected each class in the train folder of "${folder}", found "${untrained.name}" only as "${untrained.relativePath}"`,
  );
}

function refuseNoClasses(folder: string, entries: readonly DirectoryEntry[]): never {
  const files = entries.filter(({ kind }) => kind === "file").length;
  throw new InputError(
    "data.no-classes",
    `Expected one sub-folder a class in "${folder}", found none (${files} files lie in it directly)`,
  );
}

async function refuseOneClass(
  tree: FileTree,
  folder: string,
  { name, path }: ClassFolder,
  inParts: boolean,
): Promise<never> {
  const below = inParts ? [] : directories(await listSorted(tree, path));
  const hint = below.length >= 2 ? `. Did you mean "${path}"?` : "";
  throw new InputError(
    "data.one-class",
    `Expected at least 2 classes (one sub-folder each) in "${folder}", found only "${name}"${hint}`,
  );
}
