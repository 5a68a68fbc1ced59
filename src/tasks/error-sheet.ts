import type { LoadedSample } from "../data/load.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import type { PngImage } from "../formats/tensorboard/summaries.ts";
import type { ContactSheetEntry } from "../report/contact-sheet.ts";
import { createPauses } from "../util/pauses.ts";
import type { Machine } from "./machine.ts";
import { drawSheet, pictureOf } from "./sheet.ts";

/** Errors on a sheet at most, and in a row of it. */
const SHOWN = { photos: 16, columns: 4 };

/** What the model says of a photo. */
export interface JudgedPhoto {
  readonly sample: LoadedSample;
  readonly predicted: number;
  /** Of each class. */
  readonly probabilities: readonly number[];
}

/** Draws the photos whose own class the model finds least likely, of those that it gives another. */
export async function drawErrors(
  machine: Machine,
  photos: readonly JudgedPhoto[],
  classNames: readonly string[],
  preprocessing: Preprocessing,
): Promise<PngImage> {
  const errors = worstErrors(photos);
  const pause = createPauses();
  const entries: ContactSheetEntry[] = [];
  for (const { sample, predicted, probabilities } of errors.slice(0, SHOWN.photos)) {
    await pause();
    const image = await pictureOf(sample.image, preprocessing);
    if (image === undefined) continue;
    entries.push({
      image,
      className: classNames[sample.classIndex],
      prediction: `${classNames[predicted]} ${(100 * probabilities[predicted]).toFixed(0)}%`,
      fileName: machine.baseName(sample.sample.path),
    });
  }
  const shown = entries.length < errors.length ? `the worst ${entries.length} of ` : "";
  const title = `Errors: ${shown}${errors.length} in ${photos.length} photos`;
  return drawSheet(machine, entries, { title, columns: SHOWN.columns });
}

/** The photos that the model gives another class than their own, the worst first. */
export function worstErrors(photos: readonly JudgedPhoto[]): JudgedPhoto[] {
  const own = ({ sample, probabilities }: JudgedPhoto) => probabilities[sample.classIndex];
  return photos
    .filter(({ sample, predicted }) => sample.classIndex !== predicted)
    .sort((a, b) => own(a) - own(b));
}
