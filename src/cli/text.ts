/** Text for a terminal: how wide it is, where it may break, and what must not reach the screen as it is. */

/** Letters that stand for themselves and take one column. */
const plain = /^[\x20-\x7e]*$/;
/** Made when a text needs it, which takes 7 ms: a twentieth of a prediction from a standing start. */
let graphemes: Intl.Segmenter | undefined;
/** East Asian wide and full-width letters (UAX 11) and emoji take two columns. */
const wide =
  /^(?:\p{Emoji_Presentation}|.\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u;

/** Columns that a text takes. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  return lettersOf(text).reduce((sum, letter) => sum + letterWidth(letter), 0);
}

export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

export function padStart(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - textWidth(text))) + text;
}

/** Cut, with an ellipsis where something is lost, so that it takes no more than so many columns. */
export function cutText(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  return columns > 0 ? `${lettersWithin(lettersOf(text), columns - 1).join("")}…` : "";
}

/** As `cutText`, but the end stays. */
export function cutStart(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  const end = lettersWithin(lettersOf(text).reverse(), columns - 1).reverse();
  return columns > 0 ? `…${end.join("")}` : "";
}

function lettersWithin(letters: readonly string[], columns: number): string[] {
  let used = 0;
  const tooMany = letters.findIndex((letter) => {
    used += letterWidth(letter);
    return used > columns;
  });
  return letters.slice(0, tooMany < 0 ? letters.length : tooMany);
}

/** Parts joined to lines of at most so many columns; all but the first are indented. A longer part gets its own line. */
export function wrapParts(
  parts: readonly string[],
  separator: string,
  columns: number,
  indent: string,
): string[] {
  const lines = [parts[0]];
  for (const part of parts.slice(1)) {
    const longer = `${lines[lines.length - 1]}${separator}${part}`;
    if (textWidth(longer) <= columns) lines[lines.length - 1] = longer;
    else lines.push(indent + part);
  }
  return lines;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const unprintable = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A name from outside, with what would move the cursor or break the line written as an escape. */
export function printable(name: string): string {
  return name.replace(unprintable, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

/** Seconds as people say them: `0.3ms`, `850ms`, `12s`, `3m05s`, `2h10m`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  if (seconds < 0.00095) return `${(seconds * 1000).toFixed(1)}ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)}ms`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  const twoDigits = (value: number) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${twoDigits(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${twoDigits(Math.floor((whole % 3600) / 60))}m`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** As a shell takes it; with `$'…'` (POSIX 2024) where a letter in it would break the line. */
export function quoted(path: string): string {
  if (/^[\w./:@%+=,\\-]+$/.test(path)) return path;
  if (printable(path) === path) return `'${path.replaceAll("'", "'\\''")}'`;
  const escaped = path
    .replace(/[\\']/g, "\\$&")
    .replace(unprintable, (letter) =>
      [...new TextEncoder().encode(letter)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join(""),
    );
  return `$'${escaped}'`;
}

function lettersOf(text: string): string[] {
  if (plain.test(text)) return text.split("");
  graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

function letterWidth(letter: string): number {
  if (/^\p{Mark}+$/u.test(letter)) return 0;
  return wide.test(letter) ? 2 : 1;
}
