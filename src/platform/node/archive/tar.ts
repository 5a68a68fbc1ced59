import type { Header, Pax } from "tar";
import type { Archive, ArchiveEntry } from "../../../data/archive.ts";
import { InputError } from "../../../util/errors.ts";
import type { RandomAccess } from "./bytes.ts";

const BLOCK = 512;
/** The header entries that only say something of the next one: longer names and the like. A megabyte is far more than they take. */
const LARGEST_META = 1024 * 1024;

interface TarEntry extends ArchiveEntry {
  /** Where its bytes lie. */
  readonly offset: number;
  readonly size: number;
}

/** What entries in front of an entry say of it. */
interface Announced {
  readonly path?: string | undefined;
  readonly linkpath?: string | undefined;
  readonly pax?: Pax | undefined;
}

/**
 * Walks over the headers of a tar file; the bytes of its files stay where they are until they are wanted.
 *
 * @param name stands in errors
 * @throws InputError `archive.damaged`
 */
export async function openTar(bytes: RandomAccess, name: string): Promise<Archive> {
  const library = await import("tar");
  const entries: TarEntry[] = [];
  const places = new Map<string, TarEntry>();
  let announced: Announced = {};
  let global: Pax | undefined;
  for (let position = 0; position + BLOCK <= bytes.size; ) {
    const block = Buffer.from(await bytes.read(position, BLOCK));
    position += BLOCK;
    if (block.every((byte) => byte === 0)) break;
    const header = new library.Header(block, 0, announced.pax, global);
    if (!header.cksumValid) throw damaged(name, `no valid header at byte ${position - BLOCK}`);
    const size = header.size ?? 0;
    const offset = position;
    position += Math.ceil(size / BLOCK) * BLOCK;
    if (isMeta(header.type)) {
      if (size > LARGEST_META) throw damaged(name, `a header of ${size} bytes`);
      const text = Buffer.from(await bytes.read(offset, size)).toString("utf8");
      if (header.type === "GlobalExtendedHeader") global = library.Pax.parse(text, global, true);
      else announced = announce(announced, header.type, text, library.Pax);
      continue;
    }
    const entry = toEntry(header, announced, { offset, size }, places);
    announced = {};
    if (entry.kind === "file" && entry.offset + entry.size > bytes.size)
      throw damaged(name, "an end in the middle of a file");
    entries.push(entry);
    places.set(entry.path, entry);
  }
  if (entries.length === 0) throw damaged(name, "no entry");
  return {
    entries,
    read: (index, length = Number.POSITIVE_INFINITY) => {
      const { offset, size } = entries[index];
      return bytes.read(offset, Math.min(size, length));
    },
    close: () => bytes.close(),
  };
}

function isMeta(type: Header["type"]): boolean {
  return (
    type === "ExtendedHeader" ||
    type === "OldExtendedHeader" ||
    type === "GlobalExtendedHeader" ||
    type === "NextFileHasLongPath" ||
    type === "OldGnuLongPath" ||
    type === "NextFileHasLongLinkpath"
  );
}

function announce(announced: Announced, type: Header["type"], text: string, pax: typeof Pax): Announced {
  const untilZero = text.replace(/\0.*$/s, "");
  if (type === "NextFileHasLongLinkpath") return { ...announced, linkpath: untilZero };
  if (type === "NextFileHasLongPath" || type === "OldGnuLongPath") return { ...announced, path: untilZero };
  return { ...announced, pax: pax.parse(text, announced.pax, false) };
}

/** A hard link is the file that it names, which stands before it; a symbolic link leads nowhere that is read. */
function toEntry(
  header: Header,
  announced: Announced,
  place: { readonly offset: number; readonly size: number },
  places: ReadonlyMap<string, TarEntry>,
): TarEntry {
  const path = announced.path ?? header.path ?? "";
  const { type } = header;
  if (type === "Directory" || type === "GNUDumpDir" || path.endsWith("/"))
    return { path, kind: "directory", ...place };
  if (type === "File" || type === "OldFile" || type === "ContiguousFile")
    return { path, kind: "file", ...place };
  const target = type === "Link" ? places.get(announced.linkpath ?? header.linkpath ?? "") : undefined;
  if (target?.kind === "file") return { ...target, path };
  return { path, kind: "other", ...place };
}

function damaged(name: string, found: string): InputError {
  return new InputError("archive.damaged", `Expected a whole tar file at "${name}", found ${found}`);
}
