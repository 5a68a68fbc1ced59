import { styleText } from "node:util";

/** Where a command writes for people: a terminal, or a file or pipe that gets whole lines only. */
export interface Terminal {
  line(text?: string): void;
  /** Replaces the line under way; nothing where the output is no terminal. */
  update(text: string): void;
  /** Ends the line under way: with this text, or by removing it. */
  settle(text?: string): void;
  readonly interactive: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

type Style = Parameters<typeof styleText>[0];

export function createTerminal(stream: NodeJS.WriteStream): Terminal {
  const interactive = stream.isTTY === true;
  const coloured = interactive && !process.env.NO_COLOR;
  const paint = (style: Style) => (text: string) => (coloured ? styleText(style, text) : text);
  let open = false;
  const clear = () => {
    if (open) stream.write("\r\x1b[2K");
    open = false;
  };
  return {
    interactive,
    line: (text = "") => {
      clear();
      stream.write(`${text}\n`);
    },
    update: (text) => {
      if (!interactive) return;
      clear();
      stream.write(fitted(text, (stream.columns || 80) - 1));
      open = true;
    },
    settle: (text) => {
      clear();
      if (text !== undefined) stream.write(`${text}\n`);
    },
    bold: paint("bold"),
    dim: paint("dim"),
    red: paint("red"),
  };
}

/** Cut so that it never wraps: a wrapped line could not be replaced. */
function fitted(text: string, columns: number): string {
  const letters = [...text];
  return letters.length <= columns ? text : `${letters.slice(0, Math.max(columns - 1, 0)).join("")}…`;
}

/** A name from outside, with what would move the cursor or break the line written as an escape. */
export function printable(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return name.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Rows as aligned columns; numbers go to the right. The first row is the header. */
export function table(rows: readonly (readonly (string | number)[])[], indent = "  "): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => [...String(row[column])].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const text = String(cell);
      const padding = " ".repeat(widths[column] - [...text].length);
      const toTheRight = rows.slice(1).every((other) => /^[\d.,%<–-]*$/.test(String(other[column])));
      return toTheRight ? padding + text : text + padding;
    });
    return (indent + cells.join("  ")).trimEnd();
  });
}

/** `███────`-like bar of `width` letters. */
export function bar(share: number, width: number): string {
  const done = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return "━".repeat(done) + "─".repeat(width - done);
}

/** Seconds as people say them: `850ms`, `12s`, `3m05s`, `2h10m`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${twoDigits(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${twoDigits(Math.floor((whole % 3600) / 60))}m`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
