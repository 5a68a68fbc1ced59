import { padEnd, padStart, textWidth } from "./text.ts";

export type Cell = string | number;

/** Rows as aligned columns; numbers go to the right. The first row is the header, the first column holds names. */
export function table(rows: readonly (readonly Cell[])[], indent = "  "): string[] {
  const columns = rows[0].map((_, index) => {
    const cells = rows.map((row) => String(row[index]));
    return {
      width: Math.max(...cells.map(textWidth)),
      numeric: index > 0 && cells.slice(1).every(isNumeric),
    };
  });
  return rows.map((row) => {
    const cells = row.map((cell, index) => {
      const { width, numeric } = columns[index];
      return numeric ? padStart(String(cell), width) : padEnd(String(cell), width);
    });
    return (indent + cells.join("  ")).trimEnd();
  });
}

/** Names across the top only as far as they fit; beyond that numbers, which the names on the left explain. */
export function squareTable(names: readonly string[], rows: readonly (readonly Cell[])[], columns: number) {
  const lines = table([["", ...names], ...rows.map((row, index) => [names[index], ...row])]);
  if (Math.max(...lines.map(textWidth)) <= columns) return lines;
  const numbers = names.map((_, index) => String(index + 1));
  const numbered = names.map(
    (name, index) => `${padStart(numbers[index], String(names.length).length)} ${name}`,
  );
  return table([["", ...numbers], ...rows.map((row, index) => [numbered[index], ...row])]);
}

/** `━━━━────`: a bar of `width` letters. */
export function bar(share: number, width: number): string {
  const done = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return "━".repeat(done) + "─".repeat(width - done);
}

/** "12", "45.1%", "30.7% – 69.3%", or nothing to tell. */
function isNumeric(cell: string): boolean {
  return /^(?:[\d.,%]+(?: – [\d.,%]+)?|–|)$/.test(cell);
}
