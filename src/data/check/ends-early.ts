import type { ReadableFormat } from "../image.ts";

/** Whether a file lacks the end that its format demands, as a download that broke off does; false where it is not known. */
export function endsEarly(bytes: Uint8Array, format: ReadableFormat | undefined): boolean {
  if (format === "jpeg") return !includes(bytes, [0xff, 0xd9]);
  if (format === "png") return !includes(bytes, [0x49, 0x45, 0x4e, 0x44]); // "IEND"
  if (format === "gif") return bytes[bytes.length - 1] !== 0x3b && !includes(bytes.subarray(-64), [0, 0x3b]);
  if (format === "webp") return bytes.length < 8 + sizeAt(bytes, 4);
  if (format === "bmp") return bytes.length < sizeAt(bytes, 2);
  return false;
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
}

/** Searched from the end, where it lies in a whole file. */
function includes(bytes: Uint8Array, wanted: readonly number[]): boolean {
  for (let i = bytes.length - wanted.length; i >= 0; i--) {
    if (wanted.every((byte, j) => bytes[i + j] === byte)) return true;
  }
  return false;
}
