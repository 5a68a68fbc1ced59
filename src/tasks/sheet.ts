import type { RgbImage } from "../data/image.ts";
import { fetchFloats, type PreparedImage } from "../data/prepare.ts";
import { channelsOf, type Preprocessing } from "../data/preprocessing.ts";
import type { PngImage } from "../formats/tensorboard/summaries.ts";
import type { ContactSheetEntry, ContactSheetOptions } from "../report/contact-sheet.ts";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";

/** Draws photos in a grid. */
export async function drawSheet(
  machine: Machine,
  entries: readonly ContactSheetEntry[],
  options: ContactSheetOptions,
): Promise<PngImage> {
  const [{ contactSheet }, font] = await Promise.all([
    import("../report/contact-sheet.ts"),
    loadFont(machine),
  ]);
  const sheet = await contactSheet(entries, font, (svg) => machine.renderSvg(svg), options);
  const { width, height } = sheet;
  return { width, height, png: await machine.encodePng(sheet) };
}

/** What the model takes, turned back into a picture. */
export function toPicture(values: Float32Array, rule: Preprocessing): RgbImage {
  const { height, width, scale, offset } = rule;
  const pixels = new Uint8ClampedArray(height * width * 3);
  const copies = 3 / channelsOf(rule);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = (values[Math.floor(i / copies)] - offset) / scale; // rounds and clamps
  }
  return { width, height, pixels: new Uint8Array(pixels.buffer) };
}

/** A photo as the model sees it; none where it turns out to be damaged or gone: whoever trains on it tells of that. */
export async function pictureOf(image: PreparedImage, rule: Preprocessing): Promise<RgbImage | undefined> {
  try {
    return toPicture(await fetchFloats(image), rule);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The bytes of a PNG with the size that its header says. */
export function withSize(png: Uint8Array): PngImage {
  const header = new DataView(png.buffer, png.byteOffset, png.byteLength);
  return { width: header.getUint32(16), height: header.getUint32(20), png };
}

export async function loadFont(machine: Machine) {
  const { loadTextFont } = await import("../report/text.ts");
  return loadTextFont(await machine.readTextFont());
}
