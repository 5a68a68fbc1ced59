import { loadAddon } from "../../backends/native/addon.ts";
import type { PreparePixels } from "../../data/prepare.ts";

/** What the native addon makes of `preparePixels`; undefined where the addon cannot be had. */
export function nativePreparePixels(): PreparePixels | undefined {
  const addon = loadAddon();
  if ("unavailable" in addon) return undefined;
  return (image, { height, width, scale, offset }, target) => {
    const done = addon.prepare(image.pixels, image.height, image.width, target, height, width, scale, offset);
    if (!done) throw new RangeError(`No memory to resize a picture to ${height}x${width}`);
  };
}
