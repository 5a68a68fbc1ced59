import { packageVersion } from "./package-version.ts";
import { loadSharp } from "./sharp.ts";

/** Fovea, sharp and every library in it: another libjpeg may round another pixel. And the processor, whose vector code it uses. */
export function describeDecoder(): string {
  return JSON.stringify({ fovea: packageVersion(), ...loadSharp().versions, processor: process.arch });
}
