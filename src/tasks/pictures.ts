import type { Preprocessing } from "../data/preprocessing.ts";
import type { Evaluation } from "../evaluation/evaluation.ts";
import type { PngImage } from "../formats/tensorboard/summaries.ts";
import type { ContactSheetEntry } from "../report/contact-sheet.ts";
import type { EpochRecord } from "../training/history.ts";
import { createPauses } from "../util/pauses.ts";
import type { Machine } from "./machine.ts";
import { drawSheet, loadFont, toPicture, withSize } from "./sheet.ts";

/** PNGs have two pixels a unit, so that they are sharp on today's screens. */
const PNG_SCALE = 2;

/** Draws loss and accuracy over the epochs into `folder`, as SVG and PNG. Returns the files. */
export async function writeHistoryPlots(
  machine: Machine,
  folder: string,
  history: readonly EpochRecord[],
): Promise<string[]> {
  const [{ plotHistory }, font] = await Promise.all([import("../report/plot-history.ts"), loadFont(machine)]);
  const columns = {
    loss: history.map(({ train }) => train.loss),
    val_loss: history.map(({ validation }) => validation.loss),
    accuracy: history.map(({ train }) => train.accuracy),
    val_accuracy: history.map(({ validation }) => validation.accuracy),
  };
  let drawn: Promise<unknown> = Promise.resolve(); // one after the other, or together they would block the event loop
  const plots = await Promise.all(
    ["loss", "accuracy"].map(async (metric) => {
      const svg = drawn.then(() => plotHistory(columns, metric, font));
      drawn = svg;
      return render(machine, metric, await svg);
    }),
  );
  const files: string[] = [];
  for (const plot of plots) files.push(...(await writePlot(machine, folder, plot)));
  return files;
}

/** The file of `writeConfusionPlot` that is a PNG. */
export const confusionPlot = "confusion-matrix.png";

/** Draws the confusion matrix into `folder`, as SVG and PNG. Returns the files. */
export async function writeConfusionPlot(
  machine: Machine,
  folder: string,
  evaluation: Evaluation,
): Promise<string[]> {
  const svg = await confusionSvg(machine, evaluation);
  return writePlot(machine, folder, await render(machine, "confusion-matrix", svg));
}

/** The confusion matrix as PNG alone, one pixel a unit. */
export async function drawConfusionMatrix(machine: Machine, evaluation: Evaluation): Promise<PngImage> {
  return withSize(await machine.renderSvgToPng(await confusionSvg(machine, evaluation)));
}

async function confusionSvg(machine: Machine, { confusionMatrix, classes }: Evaluation): Promise<string> {
  const { plotConfusionMatrix } = await import("../report/plot-confusion-matrix.ts");
  const names = classes.map(({ name }) => name);
  return plotConfusionMatrix(confusionMatrix, names, await loadFont(machine));
}

/** Draws photos as the model sees them, each over its class and file name, into `path`. Returns the picture. */
export async function writeContactSheet(
  machine: Machine,
  path: string,
  photos: readonly SheetPhoto[],
  preprocessing: Preprocessing,
): Promise<PngImage> {
  const pause = createPauses();
  const entries: ContactSheetEntry[] = [];
  for (const { image, className, fileName } of photos) {
    await pause();
    entries.push({ image: toPicture(image, preprocessing), className, fileName });
  }
  const title = `A batch of ${photos.length} as the model sees it, ${preprocessing.height}x${preprocessing.width}`;
  const sheet = await drawSheet(machine, entries, { title });
  await machine.writeFile(path, sheet.png);
  return sheet;
}

export interface SheetPhoto extends Variant {
  readonly fileName: string;
}

/** A photo as it is, and versions of it as training sees them. */
export interface Variants {
  readonly photo: Variant;
  readonly fileName: string;
  /** An epoch each. */
  readonly versions: readonly Variant[];
}

export interface Variant {
  readonly className: string;
  /** [height, width, channels], as the model takes it. */
  readonly image: Float32Array;
}

/** Draws photos with their variants, a row each. */
export async function writeVariants(
  machine: Machine,
  path: string,
  photos: readonly Variants[],
  augment: string,
  preprocessing: Preprocessing,
): Promise<void> {
  const entries = photos.flatMap(({ photo, fileName, versions }) =>
    [photo, ...versions].map(({ className, image }, epoch) => ({
      image: toPicture(image, preprocessing),
      className,
      fileName: epoch === 0 ? fileName : `epoch ${epoch}`,
    })),
  );
  const title = `Photos, and what training sees of them with --augment ${augment}`;
  const columns = 1 + photos[0].versions.length;
  await machine.writeFile(path, (await drawSheet(machine, entries, { title, columns })).png);
}

interface Plot {
  readonly name: string;
  readonly svg: string;
  readonly png: Uint8Array;
}

/** Turns it into pixels off the event loop, so that the next plot can be drawn meanwhile. */
async function render(machine: Machine, name: string, svg: string): Promise<Plot> {
  return { name, svg, png: await machine.renderSvgToPng(svg, PNG_SCALE) };
}

async function writePlot(machine: Machine, folder: string, { name, svg, png }: Plot): Promise<string[]> {
  const [svgPath, pngPath] = [machine.join(folder, `${name}.svg`), machine.join(folder, `${name}.png`)];
  await machine.writeFile(svgPath, svg);
  await machine.writeFile(pngPath, png);
  return [svgPath, pngPath];
}
