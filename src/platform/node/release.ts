import { loadAddon } from "../../backends/native/addon.ts";
import { collectGarbage } from "./collect.ts";

/** How much may wait until V8 notices that nobody holds it any more. */
const waitingLimit = 64 * 1024 * 1024;

/** Of decoded pixels, since garbage was last collected. */
let waitingBytes = 0;

/** Counts pixels that are going to be decoded, and has what nobody holds any more freed now and then. */
export function makeRoom(bytes: number): void {
  if (waitingBytes + bytes > waitingLimit) {
    collectGarbage();
    waitingBytes = 0;
  }
  waitingBytes += bytes;
}

/** Gives back the memory of bytes that have been used; without the addon they wait for a collection. */
export function release({ buffer, byteLength }: Uint8Array): void {
  const addon = loadAddon();
  if ("unavailable" in addon || !(buffer instanceof ArrayBuffer) || buffer.byteLength !== byteLength) return;
  addon.discard(buffer);
  waitingBytes = Math.max(0, waitingBytes - byteLength);
}
