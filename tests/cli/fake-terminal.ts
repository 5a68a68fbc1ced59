import { createTerminal, type Terminal } from "../../src/cli/terminal.ts";

export interface FakeTerminal {
  readonly terminal: Terminal;
  /** All that was written, escapes and all. */
  written(): string;
  /** The rows that a person sees; a row longer than the terminal goes on in the next one. */
  rows(): string[];
}

/** A terminal of so many columns that obeys line feed, carriage return and the two "erase" escapes. */
export function fakeTerminal(columns: number): FakeTerminal {
  let written = "";
  const stream = {
    isTTY: true,
    columns,
    write: (text: string) => {
      written += text;
      return true;
    },
  };
  return {
    terminal: createTerminal(stream as unknown as NodeJS.WriteStream),
    written: () => written,
    rows: () => screenOf(written, columns),
  };
}

/** A stream that is no terminal. */
export function fakePipe() {
  let written = "";
  const stream = {
    write: (text: string) => {
      written += text;
      return true;
    },
  };
  return { terminal: createTerminal(stream as unknown as NodeJS.WriteStream), written: () => written };
}

function screenOf(written: string, columns: number): string[] {
  const rows = [""];
  let column = 0;
  const last = () => rows.length - 1;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
  for (const [token] of written.matchAll(/\x1b\[\d*[A-Za-z]|[^\x1b]/gsu)) {
    if (token === "\n") {
      rows.push("");
      column = 0;
    } else if (token === "\r") column = 0;
    else if (token === "\x1b[K") rows[last()] = rows[last()]!.slice(0, column);
    else if (token === "\x1b[2K") rows[last()] = "";
    else if (!token.startsWith("\x1b")) {
      if (column === columns) {
        rows.push("");
        column = 0;
      }
      const row = rows[last()]!;
      rows[last()] = row.slice(0, column).padEnd(column) + token + row.slice(column + 1);
      column++;
    }
  }
  return rows;
}
