import { availableParallelism } from "node:os";
import { chooseThreads } from "../../backends/checks.ts";
import { loadAddon } from "../../backends/native/addon.ts";
import type { PixelImage } from "../../data/image.ts";
import { placementOf } from "../../data/placement.ts";
import type { PreparePictures, PreparePixels } from "../../data/prepare.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { spansOf } from "../../data/resize.ts";

/** What the native addon makes of `preparePixels`; undefined where the addon cannot be had. */
export function nativePreparePixels(): PreparePixels | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  return (image, rule, target) => {
    const done = addon.prepare(image.pixels, target, ...preparationArguments(image, rule));
    if (!done) throw noMemory(rule);
  };
}

/** The same of `preparePictures`: a run of the pool that the kernels have, so that they do not fight for the cores. */
export function nativePreparePictures(): PreparePictures | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  return async (pictures, rule, target) => {
    if (pictures.length === 0) return;
    const threads = chooseThreads(process.env.FOVEA_THREADS, availableParallelism());
    const sources = pictures.map((picture) => (picture instanceof Float32Array ? picture : picture.pixels));
    const preparations = pictures.map((picture) =>
      picture instanceof Float32Array ? undefined : preparationArguments(picture, rule),
    );
    if (!(await addon.prepareAll(threads, target, sources, preparations))) throw noMemory(rule);
  };
}

const noMemory = ({ height, width }: Preprocessing) =>
  new RangeError(`No memory to resize a picture to ${height}x${width}`);

/** What the addon is told about a picture and what becomes of it. */
export function preparationArguments(image: Omit<PixelImage, "pixels">, rule: Preprocessing) {
  const { from, to } = placementOf(rule.resize, image, rule);
  const boxes = [from, to].flatMap(({ top, left, height, width }) => [top, left, height, width]);
  const spans = spansOf(rule, from, to);
  return [
    Int32Array.of(image.height, image.width, image.channels, rule.height, rule.width, ...boxes),
    rule.scale,
    rule.offset,
    spans?.rows.ranges,
    spans?.rows.weights,
    spans?.columns.ranges,
    spans?.columns.weights,
  ] as const;
}
