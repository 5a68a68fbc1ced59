import type { RgbImage } from "../data/image.ts";
import { createPauses } from "../util/pauses.ts";
import { colors } from "./plot-style.ts";
import { shorten, type TextFont } from "./text.ts";
import { drawInto, fitInto } from "./thumbnail.ts";

export interface ContactSheetEntry {
  readonly image: RgbImage;
  /** The class that the picture belongs to. */
  readonly className: string;
  /** What the model said; shown green where it is the class and red, with a cross, where not. */
  readonly prediction?: string;
  readonly fileName?: string;
}

export interface ContactSheetOptions {
  readonly columns?: number;
  /** Side of the square, in pixels, that each picture is fitted into. */
  readonly imageSize?: number;
  readonly title?: string;
}

/** Turns an SVG into pixels, one per unit; the platform has one. */
export type RenderSvg = (svg: string) => Promise<RgbImage>;

/** Lays pictures out in a grid, each over its class, its prediction and its file name. */
export async function contactSheet(
  entries: readonly ContactSheetEntry[],
  font: TextFont,
  renderSvg: RenderSvg,
  options: ContactSheetOptions = {},
): Promise<RgbImage> {
  const layout = layOut(entries, options);
  const pause = createPauses();
  const sheet = await renderSvg(await drawLabels(entries, layout, font, options.title));
  for (const [index, { image }] of entries.entries()) {
    const { x, y } = placeOf(index, layout);
    const picture = fitInto(image, layout.imageSize);
    const left = x + Math.floor((layout.imageSize - picture.width) / 2);
    const top = y + Math.floor((layout.imageSize - picture.height) / 2);
    drawInto(sheet, picture, left, top);
    await pause();
  }
  return sheet;
}

const margin = 20;
const gap = 16;
const titleHeight = 44;
const lineHeight = 20;
const textSize = { title: 19, className: 15, other: 13 };

interface Layout {
  readonly columns: number;
  readonly imageSize: number;
  readonly lines: readonly (keyof ContactSheetEntry & ("className" | "prediction" | "fileName"))[];
  readonly cellHeight: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function layOut(entries: readonly ContactSheetEntry[], options: ContactSheetOptions): Layout {
  const { imageSize = 180, title } = options;
  const columns = Math.max(1, options.columns ?? Math.min(8, Math.ceil(Math.sqrt(entries.length * 1.6))));
  const lines = (["className", "prediction", "fileName"] as const).filter((line) =>
    entries.some((entry) => entry[line] !== undefined),
  );
  const cellHeight = imageSize + 6 + lines.length * lineHeight;
  const top = margin + (title === undefined ? 0 : titleHeight);
  const rows = Math.ceil(entries.length / columns);
  return {
    columns,
    imageSize,
    lines,
    cellHeight,
    top,
    width: 2 * margin + columns * imageSize + (columns - 1) * gap,
    height: top + rows * cellHeight + Math.max(0, rows - 1) * gap + margin,
  };
}

function placeOf(index: number, { columns, imageSize, cellHeight, top }: Layout): { x: number; y: number } {
  return {
    x: margin + (index % columns) * (imageSize + gap),
    y: top + Math.floor(index / columns) * (cellHeight + gap),
  };
}

async function drawLabels(
  entries: readonly ContactSheetEntry[],
  layout: Layout,
  font: TextFont,
  title: string | undefined,
): Promise<string> {
  const pause = createPauses();
  const { width, height } = layout;
  const parts = [`<rect width="${width}" height="${height}" fill="${colors.background}"/>`];
  if (title !== undefined) {
    const shown = shorten(font, title, textSize.title, width - 2 * margin);
    parts.push(drawText(font, shown, margin, margin + 22, textSize.title, colors.ink));
  }
  for (const [index, entry] of entries.entries()) {
    parts.push(drawEntry(entry, placeOf(index, layout), layout, font));
    await pause();
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`;
}

function drawEntry(
  entry: ContactSheetEntry,
  { x, y }: { x: number; y: number },
  { imageSize, lines }: Layout,
  font: TextFont,
): string {
  const frame = `<rect x="${x}" y="${y}" width="${imageSize}" height="${imageSize}" fill="${colors.grid}"/>`;
  const labels = lines.map((line, row) => {
    const { text, size, color } = labelOf(entry, line);
    const baseline = y + imageSize + 6 + (row + 0.72) * lineHeight;
    return drawText(font, shorten(font, text, size, imageSize), x, baseline, size, color);
  });
  return frame + labels.join("");
}

function labelOf(entry: ContactSheetEntry, line: Layout["lines"][number]) {
  if (line === "className") return { text: entry.className, size: textSize.className, color: colors.ink };
  if (line === "fileName")
    return { text: entry.fileName ?? "", size: textSize.other, color: colors.quietInk };
  if (entry.prediction === undefined) return { text: "", size: textSize.other, color: colors.ink };
  const right = entry.prediction === entry.className;
  return {
    text: `${right ? "✓" : "✗"} ${entry.prediction}`,
    size: textSize.other,
    color: right ? colors.right : colors.wrong,
  };
}

function drawText(font: TextFont, text: string, x: number, y: number, size: number, color: string): string {
  return `<path d="${font.outline(text, x, y, size)}" fill="${color}"/>`;
}
