import { bar } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** Milliseconds between two drawings of a bar. */
const REDRAW_MS = 80;
/** Letters of a bar where there is room, and below `ROOMY` columns. */
const BAR_WIDTH = 20;
const SHORT_BAR_WIDTH = 10;
const ROOMY = 100;

/** Draws at most so often; the last drawing before a line is settled may be left out. */
export function throttle(terminal: Terminal): (text: () => string) => void {
  let drawn = Number.NEGATIVE_INFINITY;
  return (text) => {
    const now = performance.now();
    if (!terminal.interactive || now - drawn < REDRAW_MS) return;
    drawn = now;
    terminal.update(text());
  };
}

/** `12/222 ━━━━────` */
export function progress({ columns }: Terminal, done: number, total: number): string {
  const digits = String(total).length;
  const width = columns < ROOMY ? SHORT_BAR_WIDTH : BAR_WIDTH;
  return `${String(done).padStart(digits)}/${total} ${bar(done / total, width)}`;
}
