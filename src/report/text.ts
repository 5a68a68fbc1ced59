import type { Font, PathCommand } from "opentype.js";
import { createPauses } from "../util/pauses.ts";

/**
 * Draws text as outlines, so that a picture reads the same on a machine that has no fonts. One glyph per letter,
 * without shaping: Latin, Greek, Cyrillic and the like are right, Arabic letters stand unjoined.
 */
export interface TextFont {
  /** Height of a capital letter, as a share of the font size. */
  readonly capHeight: number;
  /** Width in the unit of `size`. */
  measure(text: string, size: number): number;
  /** SVG path data with the baseline's left end at (x, y); empty for blank text. */
  outline(text: string, x: number, y: number, size: number): string;
}

/** Reads a TrueType, OpenType or WOFF font. */
export async function loadTextFont(bytes: Uint8Array): Promise<TextFont> {
  // Loaded late: only a run that draws should pay for it.
  const pause = createPauses();
  const { parse } = await import("opentype.js/dist/opentype.mjs");
  await pause();
  // `lowMemory` reads a glyph when it is asked for, not all six thousand at once.
  const font = createTextFont(parse(new Uint8Array(bytes).buffer, { lowMemory: true }));
  await pause();
  return font;
}

/** The longest beginning of `text` that fits in `width`, closed by an ellipsis where something was cut. */
export function shorten(font: TextFont, text: string, size: number, width: number): string {
  if (font.measure(text, size) <= width) return text;
  const letters = splitLetters(text);
  let kept = letters.length;
  while (kept > 0 && font.measure(cut(letters, kept), size) > width) kept--;
  return cut(letters, kept);
}

/** Escapes text for an XML element or attribute, without the control characters that XML forbids. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

// As Unicode's "last resort" boxes and Firefox draw a letter that no font has: its code in a frame, so that two
// such letters still tell apart. In shares of the font size.
const box = { width: 0.8, top: 0.78, bottom: -0.12, stroke: 0.045, side: 0.06, digitSize: 0.34 };

function createTextFont(font: Font): TextFont {
  const advance = (letter: string): number =>
    font.charToGlyphIndex(letter) === 0
      ? box.width
      : (font.charToGlyph(letter).advanceWidth ?? 0) / font.unitsPerEm;
  const glyph = (letter: string, x: number, y: number, size: number): string =>
    font.charToGlyph(letter).getPath(x, y, size).commands.map(writeCommand).join("");
  const drawLetter = (letter: string, x: number, y: number, size: number): string =>
    font.charToGlyphIndex(letter) === 0
      ? drawCodeBox(letter, x, y, size, glyph, advance("0"))
      : glyph(letter, x, y, size);

  return {
    capHeight: font.charToGlyph("H").getBoundingBox().y2 / font.unitsPerEm,
    measure: (text, size) => visibleLetters(text).reduce((sum, letter) => sum + advance(letter), 0) * size,
    outline(text, x, y, size) {
      let path = "";
      let pen = x;
      for (const letter of visibleLetters(text)) {
        path += drawLetter(letter, pen, y, size);
        pen += advance(letter) * size;
      }
      return path;
    },
  };
}

/** As SVG. The writer of opentype.js 2.0 leaves out the space before a negative number that it rounds to 0. */
function writeCommand(command: PathCommand): string {
  const write = (...numbers: number[]): string => numbers.map((value) => value.toFixed(2)).join(" ");
  switch (command.type) {
    case "M":
    case "L":
      return command.type + write(command.x, command.y);
    case "Q":
      return `Q${write(command.x1, command.y1, command.x, command.y)}`;
    case "C":
      return `C${write(command.x1, command.y1, command.x2, command.y2, command.x, command.y)}`;
    case "Z":
      return "Z";
  }
}

function drawCodeBox(
  letter: string,
  x: number,
  y: number,
  size: number,
  glyph: (letter: string, x: number, y: number, size: number) => string,
  digitAdvance: number,
): string {
  const digits = letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  const columns = Math.ceil(digits.length / 2);
  const { width, top, bottom, stroke, side, digitSize } = box;
  const outer = rectangle(x + side * size, y - top * size, (width - 2 * side) * size, (top - bottom) * size);
  const inner = rectangle(
    x + (width - side - stroke) * size,
    y - (top - stroke) * size,
    -(width - 2 * side - 2 * stroke) * size, // drawn the other way round, so that it cuts a hole
    (top - bottom - 2 * stroke) * size,
  );
  // Six digits are drawn narrower than four, to stand in the same frame.
  const smaller = digitSize * Math.min(1, 2.2 / columns);
  const left = x + (width / 2 - (columns * digitAdvance * smaller) / 2) * size;
  const shown = [...digits.padStart(columns * 2, "0")].map((digit, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    return glyph(
      digit,
      left + column * digitAdvance * smaller * size,
      y - (0.4 - row * 0.4) * size,
      smaller * size,
    );
  });
  return outer + inner + shown.join("");
}

function rectangle(x: number, y: number, width: number, height: number): string {
  const [left, top, right, bottom] = [x, y, x + width, y + height].map((value) => value.toFixed(2));
  return `M${left} ${top}L${right} ${top}L${right} ${bottom}L${left} ${bottom}Z`;
}

/** The letters to draw, left to right: composed, without invisible ones, right-to-left words turned round. */
function visibleLetters(text: string): string[] {
  const plain = text
    .normalize("NFC")
    .replace(/\s/gu, " ")
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, "");
  const rightToLeft =
    /[\p{Script=Hebrew}\p{Script=Arabic}]+(?:[\p{P} ]+[\p{Script=Hebrew}\p{Script=Arabic}]+)*/gu;
  return [...plain.replace(rightToLeft, (run) => [...run].reverse().join(""))];
}

function splitLetters(text: string): string[] {
  return [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text)].map(
    ({ segment }) => segment,
  );
}

function cut(letters: readonly string[], kept: number): string {
  return `${letters.slice(0, kept).join("").trimEnd()}…`;
}
