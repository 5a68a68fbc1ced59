import { loadAddon } from "../../backends/native/addon.ts";
import type { PixelImage } from "../../data/image.ts";
import { placementOf } from "../../data/placement.ts";
import type { PreparePixels } from "../../data/prepare.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { spansOf } from "../../data/resize.ts";

/** What the native addon makes of `preparePixels`; undefined where the addon cannot be had. */
export function nativePreparePixels(): PreparePixels | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  return (image, rule, target) => {
    const done = addon.prepare(image.pixels, target, ...preparationArguments(image, rule));
    if (!done) throw new RangeError(`No memory to resize a picture to ${rule.height}x${rule.width}`);
  };
}

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
