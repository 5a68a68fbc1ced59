import { readCsvRows } from "../formats/csv.ts";
import { InputError } from "../util/errors.ts";
import { type PartName, partOfWord, partWords } from "./parts.ts";

/** A table that says which photo is of which class. */
export interface Manifest {
  readonly columns: readonly string[];
  readonly rows: readonly ManifestRow[];
}

export interface ManifestRow {
  /** From the manifest's folder on, with "/". */
  readonly path: string;
  readonly label: string;
  readonly group?: string | undefined;
  readonly part?: PartName | undefined;
  /** Where it is said, from 1. */
  readonly line: number;
}

/** Whether a file is a manifest by its name. */
export function isManifestName(name: string): boolean {
  return /\.(csv|jsonl|ndjson)$/i.test(name);
}

/** Whether the first line of a table names the columns of a manifest. */
export function looksLikeManifest(head: string): boolean {
  const [first] = head.split("\n", 1);
  return /\bpath\b/.test(first) && /\blabel\b/.test(first);
}

/**
 * Reads a CSV table with the columns `path,label[,group][,split]` in any order, or JSON Lines with the same keys. Other columns
 * are left alone.
 *
 * @param name of the file, which says the format and stands in errors
 * @param groupColumn the column whose cells name groups
 * @throws InputError `manifest.…`, with line and column
 */
export function parseManifest(text: string, name: string, groupColumn = "group"): Manifest {
  const { columns, records } = /\.csv$/i.test(name) ? readTable(text, name) : readJsonLines(text, name);
  const rows: ManifestRow[] = [];
  const lines = new Map<string, number>();
  for (const record of records) {
    const row = toRow(record, name, groupColumn);
    const twin = lines.get(row.path);
    if (twin !== undefined)
      refuse("twice", name, row.line, "path", `a path that line ${twin} does not have`, row.path);
    lines.set(row.path, row.line);
    rows.push(row);
  }
  if (rows.length === 0) {
    throw new InputError("manifest.empty", `Expected photos in the manifest "${name}", found no row`);
  }
  return { columns, rows };
}

/** What one line says, by the names of its columns. */
interface ManifestRecord {
  readonly line: number;
  get(column: string): string | undefined;
}

function readTable(
  text: string,
  name: string,
): { columns: readonly string[]; records: Iterable<ManifestRecord> } {
  const rows = inManifest(name, () => readCsvRows(text));
  const header = rows.next();
  const columns = header.done ? [] : header.value.cells.map((cell) => cell.trim());
  checkColumns(columns, name);
  return { columns, records: tableRecords(rows, columns, name) };
}

function* tableRecords(
  rows: Iterable<{ line: number; cells: readonly string[] }>,
  columns: readonly string[],
  name: string,
): Generator<ManifestRecord> {
  for (const { line, cells } of rows) {
    if (cells.length === 1 && cells[0].trim() === "") continue; // a blank line
    if (cells.length !== columns.length) {
      throw new InputError(
        "manifest.bad-row",
        `Expected ${columns.length} cells (${columns.join(", ")}) in line ${line} of "${name}", found ${cells.length}`,
      );
    }
    yield { line, get: (column) => cells[columns.indexOf(column)] };
  }
}

/** Puts the manifest's name in front of what is wrong with its table. */
function* inManifest<T>(name: string, read: () => Iterable<T>): Generator<T> {
  try {
    yield* read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.code, `Cannot use the manifest "${name}": ${error.message}`, { cause: error });
  }
}

function checkColumns(columns: readonly string[], name: string): void {
  for (const needed of ["path", "label"]) {
    if (columns.includes(needed)) continue;
    const found = columns.length > 0 ? columns.join(", ") : "no line";
    throw new InputError(
      "manifest.no-column",
      `Expected a first line with the columns path,label[,group][,split] in "${name}", found no "${needed}" among: ${found}`,
    );
  }
}

function readJsonLines(
  text: string,
  name: string,
): { columns: readonly string[]; records: ManifestRecord[] } {
  const columns = new Set<string>();
  const records = text.split("\n").flatMap((source, index): ManifestRecord[] => {
    if (source.trim() === "") return [];
    const line = index + 1;
    const value = parseLine(source, line, name);
    for (const key of Object.keys(value)) columns.add(key);
    const get = (column: string) => {
      const cell = Object.hasOwn(value, column) ? value[column] : undefined;
      return typeof cell === "number" || typeof cell === "boolean"
        ? String(cell)
        : toText(cell, line, column, name);
    };
    return [{ line, get }];
  });
  return { columns: [...columns], records };
}

function parseLine(source: string, line: number, name: string): Record<string, unknown> {
  let found = "something else";
  try {
    const value: unknown = JSON.parse(source.replace(/^\ufeff/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    found = error instanceof Error ? error.message : String(error);
  }
  const [, position] = /position (\d+)/.exec(found) ?? []; // the engine does not always say where
  const where = position === undefined ? `line ${line}` : `line ${line}, column ${Number(position) + 1}`;
  throw new InputError(
    "manifest.bad-json",
    `Expected one JSON object in ${where} of "${name}", found ${found}`,
  );
}

function toText(cell: unknown, line: number, column: string, name: string): string | undefined {
  if (cell === undefined || cell === null) return undefined;
  if (typeof cell === "string") return cell;
  return refuse("bad-cell", name, line, column, "text", JSON.stringify(cell));
}

function toRow(record: ManifestRecord, name: string, groupColumn: string): ManifestRow {
  const { line } = record;
  const filled = (column: string) => {
    const cell = record.get(column)?.trim();
    return cell ? cell : refuse("bad-cell", name, line, column, "text", "nothing");
  };
  const split = record.get("split")?.trim();
  const group = record.get(groupColumn)?.trim();
  return {
    path: filled("path").replace(/^(?:\.\/+)+/, ""),
    label: filled("label"),
    line,
    ...(group && { group }),
    ...(split && { part: toPart(split, line, name) }),
  };
}

function toPart(word: string, line: number, name: string): PartName {
  const expected = `${partWords.join(", ")} or nothing`;
  return partOfWord(word) ?? refuse("bad-cell", name, line, "split", expected, word);
}

function refuse(
  code: string,
  name: string,
  line: number,
  column: string,
  expected: string,
  found: string,
): never {
  throw new InputError(
    `manifest.${code}`,
    `Expected ${expected} in line ${line}, column "${column}" of "${name}", found ${found === "nothing" ? found : `"${found}"`}`,
  );
}
