import { stripVTControlCharacters, styleText } from "node:util";
import { cutText, textWidth, wrapParts } from "./text.ts";

/** Where a command writes for people: a terminal, or a file or pipe that gets whole lines only. */
export interface Terminal {
  line(text?: string): void;
  /** A line that breaks between words where the terminal ends; `indent` from the second row on. */
  prose(text: string, indent?: string): void;
  /** Replaces the line under way; nothing where the output is no terminal. */
  update(text: string): void;
  /** Removes the line under way. */
  settle(): void;
  readonly interactive: boolean;
  /** Letters to a row; without end where the output is no terminal. */
  readonly columns: number;
  bold(text: string): string;
  dim(text: string): string;
}

type Style = Parameters<typeof styleText>[0];

/** Of a terminal that does not say. */
const USUAL_COLUMNS = 80;

export function createTerminal(stream: NodeJS.WriteStream): Terminal {
  const interactive = stream.isTTY === true;
  const coloured = interactive && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const paint = (style: Style) => (text: string) => (coloured ? styleText(style, text) : text);
  const columns = () => (interactive ? stream.columns || USUAL_COLUMNS : Number.POSITIVE_INFINITY);
  let open = false;
  const settle = () => {
    if (open) stream.write("\r\x1b[2K");
    open = false;
  };
  const line = (text = "") => {
    settle();
    stream.write(`${text}\n`);
  };
  return {
    interactive,
    get columns() {
      return columns();
    },
    line,
    prose: (text, indent = "") => {
      const fits = textWidth(stripVTControlCharacters(text)) <= columns();
      for (const row of fits ? [text] : wrapParts(text.split(" "), " ", columns(), indent)) line(row);
    },
    update: (text) => {
      if (!interactive) return;
      const cut = cutText(text, columns() - 1); // a row that wrapped could not be replaced
      stream.write(`${open ? "\r" : ""}${cut}\x1b[K`);
      open = true;
    },
    settle,
    bold: paint("bold"),
    dim: paint("dim"),
  };
}
