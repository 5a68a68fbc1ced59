import { InputError } from "../util/errors.ts";

/** Comma-separated values by RFC 4180, but with lines that end in "\n"; read with either ending. */

/** A line for each row. Undefined and NaN, which other tools read in their own ways, become empty cells. */
export function writeCsv(rows: readonly (readonly (string | number | undefined)[])[]): string {
  return rows.map((row) => `${row.map(writeCell).join(",")}\n`).join("");
}

function writeCell(value: string | number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A row, and the line that it begins in, from 1. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Rows of cells, as text. A row may have any number of cells; a last line without an ending counts. */
export function readCsv(text: string): (readonly string[])[] {
  return Array.from(readCsvRows(text), ({ cells }) => cells);
}

/**
 * The same, a row at a time.
 * @throws InputError `csv.open-quote`
 */
export function* readCsvRows(text: string): Generator<CsvRow> {
  let cells: string[] = [];
  let line = 1;
  let position = text.startsWith("\ufeff") ? 1 : 0; // the mark that spreadsheets put in front
  let start = position;
  while (position < text.length) {
    const cell = readCell(text, position);
    cells.push(cell.value);
    position = cell.end;
    if (text[position] === ",") {
      position++;
      if (position < text.length) continue;
      cells.push(""); // the text ends after a comma
    } else {
      position += text.startsWith("\r\n", position) ? 2 : 1;
    }
    yield { line, cells };
    line += countLines(text, start, position);
    start = position;
    cells = [];
  }
}

/** Line ends from `start` up to `end`, those in quotes too. */
function countLines(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf("\n", start); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

interface Cell {
  readonly value: string;
  /** Where the comma or line ending after it stands. */
  readonly end: number;
}

function readCell(text: string, start: number): Cell {
  if (text[start] === '"') return readQuoted(text, start);
  const plain = /[^,\r\n]*/y;
  plain.lastIndex = start;
  const value = plain.exec(text)?.[0] ?? "";
  return { value, end: start + value.length };
}

function readQuoted(text: string, start: number): Cell {
  const quoted = /"([^"]*(?:""[^"]*)*)"(?=,|\r|\n|$)/y;
  quoted.lastIndex = start;
  const match = quoted.exec(text);
  if (match) return { value: match[1].replaceAll('""', '"'), end: start + match[0].length };
  const line = text.slice(0, start).split("\n").length;
  throw new InputError(
    "csv.open-quote",
    `Expected a closing quote before the next comma or line end, found none for the cell that starts in line ${line}`,
  );
}
