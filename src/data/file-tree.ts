import { compareCodePoints } from "./compare.ts";
import type { DirectoryEntry, Platform } from "./platform.ts";

/** Folders and their entries: on a disk, or inside an archive. */
export type FileTree = Pick<Platform, "kindOf" | "list" | "join">;

/** Which files inside the folder of a class are samples. */
export interface FileRule {
  /** Whether an entry, or what is below it, is looked at at all. */
  sees(entry: DirectoryEntry): boolean;
  /** Whether what is no folder is a sample; otherwise it is skipped, with a reason. */
  takes(entry: DirectoryEntry): boolean;
}

/** Every regular file is a candidate, for its content decides; what is hidden is not looked at. */
export const visibleFiles: FileRule = {
  sees: ({ name }) => !name.startsWith("."),
  takes: ({ kind }) => kind === "file",
};

/** Entries by code point, as Python sorts names. */
export async function listSorted(
  tree: FileTree,
  folder: string,
  { sees }: FileRule = visibleFiles,
): Promise<DirectoryEntry[]> {
  const entries = (await tree.list(folder)).filter(sees);
  return entries.sort((a, b) => compareCodePoints(a.name, b.name));
}

/** Names of the folders among entries. */
export function directories(entries: readonly DirectoryEntry[]): string[] {
  return entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
}
