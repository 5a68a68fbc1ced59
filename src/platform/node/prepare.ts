import { loadAddon } from "../../backends/native/addon.ts";
import { placementOf } from "../../data/placement.ts";
import type { PreparePixels } from "../../data/prepare.ts";
import { spansOf } from "../../data/resize.ts";

/** What the native addon makes of `preparePixels`; undefined where the addon cannot be had. */
export function nativePreparePixels(): PreparePixels | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  return (image, rule, target) => {
    const { from, to } = placementOf(rule.resize, image, rule);
    const boxes = [from, to].flatMap(({ top, left, height, width }) => [top, left, height, width]);
    const sizes = Int32Array.of(image.height, image.width, image.channels, rule.height, rule.width, ...boxes);
    const spans = spansOf(rule, from, to);
    const done = addon.prepare(
      image.pixels,
      target,
      sizes,
      rule.scale,
      rule.offset,
      spans?.rows.ranges,
      spans?.rows.weights,
      spans?.columns.ranges,
      spans?.columns.weights,
    );
    if (!done) throw new RangeError(`No memory to resize a picture to ${rule.height}x${rule.width}`);
  };
}
