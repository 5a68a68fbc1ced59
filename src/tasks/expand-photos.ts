import { insideArchive } from "../data/archive.ts";
import { listSorted } from "../data/file-tree.ts";
import type { Platform } from "../data/platform.ts";
import { InputError } from "../util/errors.ts";
import type { PhotoSource } from "./predict.ts";

/** Photos, one by one, and the machine that reads them all. */
export interface ExpandedPhotos {
  readonly photos: readonly PhotoSource[];
  readonly platform: Platform;
  close(): Promise<void>;
}

/** Replaces each folder and each zip or tar file by the files in it and below, sorted; hidden ones are skipped. */
export async function expandPhotos(
  platform: Platform,
  sources: readonly PhotoSource[],
  signal: AbortSignal | undefined,
): Promise<ExpandedPhotos> {
  const photos: PhotoSource[] = [];
  const opened: OpenedArchive[] = [];
  const close = async () => {
    for (const { close: closeOne } of opened) await closeOne();
  };
  try {
    for (const source of sources) {
      const archive = typeof source === "string" ? await openIfArchive(platform, source) : undefined;
      if (archive) opened.push(archive);
      const reader = archive?.inside ?? platform;
      if (typeof source === "string" && (await reader.kindOf(source)) === "directory") {
        for await (const path of filesBelow(reader, source, signal)) photos.push(path);
      } else photos.push(source);
    }
    if (photos.length === 0) {
      throw new InputError("predict.no-photos", "Expected at least one photo, found none");
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { photos, platform: readingBoth(platform, opened), close };
}

interface OpenedArchive {
  /** How the paths of what is in it begin. */
  readonly prefix: string;
  readonly inside: Platform;
  close(): Promise<void>;
}

/** Told by its name, so that no other photo is looked at twice. */
async function openIfArchive(platform: Platform, path: string): Promise<OpenedArchive | undefined> {
  if (!/\.(?:zip|tar|tgz|tar\.gz)$/i.test(path) || (await platform.kindOf(path)) !== "file") return undefined;
  const archive = await platform.openArchive(path);
  if (archive === undefined) return undefined;
  try {
    const inside = insideArchive(platform, path, archive);
    return { prefix: platform.join(path, "_").slice(0, -1), inside, close: () => archive.close() };
  } catch (error) {
    await archive.close();
    throw error;
  }
}

function readingBoth(platform: Platform, opened: readonly OpenedArchive[]): Platform {
  if (opened.length === 0) return platform;
  const readerOf = (path: string) => opened.find(({ prefix }) => path.startsWith(prefix))?.inside ?? platform;
  return {
    ...platform,
    readFile: (path) => readerOf(path).readFile(path),
    readHead: (path, length) => readerOf(path).readHead(path, length),
  };
}

async function* filesBelow(
  platform: Platform,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  for (const { name, kind, link } of await listSorted(platform, folder)) {
    const path = platform.join(folder, name);
    if (kind === "file") yield path;
    else if (kind === "directory" && !link) yield* filesOrRefusal(platform, path, signal);
  }
}

/** A folder inside that may not be listed stands for what is in it: reading it says why it cannot be. */
async function* filesOrRefusal(platform: Platform, folder: string, signal: AbortSignal | undefined) {
  try {
    yield* filesBelow(platform, folder, signal);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    yield folder;
  }
}
