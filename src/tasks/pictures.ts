import type { RgbImage } from "../data/image.ts";
import type { LoadedSample } from "../data/load.ts";
import { fetchFloats } from "../data/prepare.ts";
import { channelsOf, type Preprocessing } from "../data/preprocessing.ts";
import type { Evaluation } from "../evaluation/evaluation.ts";
import type { ContactSheetEntry } from "../report/contact-sheet.ts";
import type { EpochRecord } from "../training/history.ts";
import { InputError } from "../util/errors.ts";
import { createPauses } from "../util/pauses.ts";
import type { Machine } from "./machine.ts";

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

/** Draws the confusion matrix into `folder`, as SVG and PNG. Returns the files. */
export async function writeConfusionPlot(
  machine: Machine,
  folder: string,
  { confusionMatrix, classes }: Evaluation,
): Promise<string[]> {
  const { plotConfusionMatrix } = await import("../report/plot-confusion-matrix.ts");
  const names = classes.map(({ name }) => name);
  const svg = await plotConfusionMatrix(confusionMatrix, names, await loadFont(machine));
  return writePlot(machine, folder, await render(machine, "confusion-matrix", svg));
}

/** Draws photos as the model sees them, each over its class and file name. */
export async function writeContactSheet(
  machine: Machine,
  path: string,
  samples: readonly LoadedSample[],
  classNames: readonly string[],
  preprocessing: Preprocessing,
): Promise<void> {
  const [{ contactSheet }, font] = await Promise.all([
    import("../report/contact-sheet.ts"),
    loadFont(machine),
  ]);
  const pause = createPauses();
  const entries: ContactSheetEntry[] = [];
  for (const { sample, image } of samples) {
    await pause();
    const values = await fetchFloats(image).catch(nothingOfMissing);
    if (values === undefined) continue;
    const className = classNames[sample.classIndex];
    const fileName = machine.baseName(sample.path);
    entries.push({ image: toPicture(values, preprocessing), className, fileName });
  }
  const title = `A batch of ${entries.length} as the model sees it, ${preprocessing.height}x${preprocessing.width}`;
  const sheet = await contactSheet(entries, font, (svg) => machine.renderSvg(svg), { title });
  await machine.writeFile(path, await machine.encodePng(sheet));
}

/** A photo that turns out to be damaged or gone is told of by whoever trains on it. */
function nothingOfMissing(error: unknown): undefined {
  if (!(error instanceof InputError)) throw error;
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
  const [{ contactSheet }, font] = await Promise.all([
    import("../report/contact-sheet.ts"),
    loadFont(machine),
  ]);
  const entries = photos.flatMap(({ photo, fileName, versions }) =>
    [photo, ...versions].map(({ className, image }, epoch) => ({
      image: toPicture(image, preprocessing),
      className,
      fileName: epoch === 0 ? fileName : `epoch ${epoch}`,
    })),
  );
  const title = `Photos, and what training sees of them with --augment ${augment}`;
  const columns = 1 + photos[0].versions.length;
  const sheet = await contactSheet(entries, font, (svg) => machine.renderSvg(svg), { title, columns });
  await machine.writeFile(path, await machine.encodePng(sheet));
}

/** What the model takes, turned back into a picture. */
function toPicture(values: Float32Array, rule: Preprocessing): RgbImage {
  const { height, width, scale, offset } = rule;
  const pixels = new Uint8ClampedArray(height * width * 3);
  const copies = 3 / channelsOf(rule);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = (values[Math.floor(i / copies)] - offset) / scale; // rounds and clamps
  }
  return { width, height, pixels: new Uint8Array(pixels.buffer) };
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

async function loadFont(machine: Machine) {
  const { loadTextFont } = await import("../report/text.ts");
  return loadTextFont(await machine.readTextFont());
}
