import { InputError } from "../util/errors.ts";
import type { DirectoryEntry, Platform } from "./platform.ts";

/** A file or folder inside an archive. */
export interface ArchiveEntry {
  /** As the archive spells it, with "/". */
  readonly path: string;
  readonly kind: DirectoryEntry["kind"];
}

/** A zip or tar file that has been opened: what is in it, and a way to each file's bytes. Nothing is unpacked by its name. */
export interface Archive {
  readonly entries: readonly ArchiveEntry[];
  /**
   * The bytes of the entry at this place, or only the first of them.
   * @throws InputError `archive.encrypted`, `archive.too-large`, `archive.damaged`, `archive.unsupported`
   */
  read(index: number, length?: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Names that machines put into archives on their own account. */
const litter = "__MACOSX";

/**
 * The machine with an archive in place of the archive's file: as if a folder with its content lay there.
 *
 * @param root the archive's path
 * @throws InputError `archive.unsafe-path` for entries that point out of the archive
 */
export function insideArchive(platform: Platform, root: string, archive: Archive): Platform {
  const { folders, files } = buildTree(platform, platform.join(root), archive.entries);
  const fileAt = (path: string) => {
    const index = files.get(path);
    if (index === undefined) {
      throw new InputError("file.not-found", `Cannot read "${path}": no such file in the archive`);
    }
    return index;
  };
  return {
    ...platform,
    kindOf: async (path) => {
      const joined = platform.join(path);
      if (folders.has(joined)) return "directory";
      return files.has(joined) ? "file" : undefined;
    },
    list: async (path) => [...(folders.get(platform.join(path))?.values() ?? [])],
    sizeOf: async () => 0,
    readFile: async (path) => archive.read(fileAt(path)),
    readHead: async (path, length) => archive.read(fileAt(path), length),
  };
}

interface Tree {
  readonly folders: Map<string, Map<string, DirectoryEntry>>;
  readonly files: Map<string, number>;
}

function buildTree(platform: Platform, root: string, entries: readonly ArchiveEntry[]): Tree {
  const tree: Tree = { folders: new Map([[root, new Map()]]), files: new Map() };
  for (const [index, { path, kind }] of entries.entries()) {
    const parts = safeParts(root, path);
    if (parts.length === 0 || parts[0] === litter) continue;
    const name = parts.pop()!;
    const folder = makeFolders(platform, tree, root, parts);
    const own = platform.join(folder, name);
    if (kind === "directory") makeFolders(platform, tree, folder, [name]);
    else if (!tree.folders.has(own)) {
      tree.folders.get(folder)!.set(name, { name, kind });
      if (kind === "file")
        tree.files.set(own, index); // the last of several, as unpacking leaves it
      else tree.files.delete(own);
    }
  }
  return tree;
}

function makeFolders(
  platform: Platform,
  { folders, files }: Tree,
  from: string,
  parts: readonly string[],
): string {
  let folder = from;
  for (const name of parts) {
    const inner = platform.join(folder, name);
    if (!folders.has(inner)) {
      folders.set(inner, new Map());
      files.delete(inner);
      folders.get(folder)!.set(name, { name, kind: "directory" });
    }
    folder = inner;
  }
  return folder;
}

function safeParts(root: string, path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!parts.includes("..") && !/^(?:[\\/]|[A-Za-z]:)|\0/.test(path)) return parts;
  throw new InputError(
    "archive.unsafe-path",
    `Expected entries that stay inside the archive "${root}", found "${path}"; nothing of it is read`,
  );
}
