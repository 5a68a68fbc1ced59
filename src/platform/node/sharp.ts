import { createRequire } from "node:module";

export type { Metadata, Sharp, SharpOptions } from "sharp";

const require = createRequire(import.meta.url);

/**
 * sharp, loaded when it is first needed: `--help` has no use for it. Required rather than imported, which takes half the time (35
 * instead of 65 ms) and does not wait behind what else is loading.
 */
export function loadSharp() {
  const sharp = require("sharp") as typeof import("sharp")["default"];
  sharp.cache(false); // no file is read twice
  sharp.concurrency(1); // several pictures are decoded at once instead, at a fraction of the memory
  return sharp;
}
