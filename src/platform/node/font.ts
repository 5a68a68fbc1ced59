import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { inflate } from "node:zlib";

const unpack = promisify(inflate);

/** What the outlines and widths of single letters need. */
const neededTables = ["cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp"];

/** The reader wants names of the font and of its glyphs too. These are none: version 0 without an entry, and version 3. */
const noNames = [
  { tag: "name", bytes: new Uint8Array(6) },
  { tag: "post", bytes: Uint8Array.of(0, 3, ...new Uint8Array(30)) },
];

/** The font that plots are lettered in: DejaVu Sans, from the package, whatever the machine has installed. */
export async function readTextFontFile(): Promise<Uint8Array> {
  const path = createRequire(import.meta.url).resolve(
    "@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff",
  );
  return unpackFont(await readFile(path));
}

interface Table {
  readonly tag: string;
  readonly bytes: Uint8Array;
}

/**
 * From WOFF to TrueType, with what is needed and nothing else: to unpack all of it and to read names and ligatures would hold the event
 * loop for 30 ms, and all that is done here is done on other threads.
 *
 * @see https://www.w3.org/TR/WOFF/
 */
async function unpackFont(woff: Uint8Array): Promise<Uint8Array> {
  const view = new DataView(woff.buffer, woff.byteOffset, woff.byteLength);
  const entries = Array.from({ length: view.getUint16(12) }, (_, index) => 44 + 20 * index);
  const tables = entries.map(async (at): Promise<Table | undefined> => {
    const tag = String.fromCharCode(...woff.subarray(at, at + 4));
    if (!neededTables.includes(tag)) return undefined;
    const [offset, packed, length] = [4, 8, 12].map((field) => view.getUint32(at + field));
    const bytes = woff.subarray(offset, offset + packed);
    return { tag, bytes: packed < length ? await unpack(bytes) : bytes };
  });
  const found = (await Promise.all(tables)).filter((table) => table !== undefined);
  return joinTables(view.getUint32(4), [...found, ...noNames]);
}

function joinTables(flavor: number, tables: readonly Table[]): Uint8Array {
  const aligned = ({ bytes }: Table) => Math.ceil(bytes.length / 4) * 4;
  let offset = 12 + 16 * tables.length;
  const font = new Uint8Array(tables.reduce((sum, table) => sum + aligned(table), offset));
  const view = new DataView(font.buffer);
  view.setUint32(0, flavor);
  view.setUint16(4, tables.length);
  for (const [index, table] of tables.entries()) {
    const at = 12 + 16 * index;
    font.set(new TextEncoder().encode(table.tag), at);
    view.setUint32(at + 8, offset);
    view.setUint32(at + 12, table.bytes.length);
    font.set(table.bytes, offset);
    offset += aligned(table);
  }
  return font;
}
