/** What a safetensors file begins with: the length of its header. */
export const LENGTH_BYTES = 8;

/** Longer ones the reference implementation refuses. */
const LONGEST_HEADER = 100_000_000n;

/** Whether bytes begin with a length that can be, and behind it with JSON. */
export function beginsAsSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length <= LENGTH_BYTES || bytes[LENGTH_BYTES] !== 0x7b) return false;
  const length = headerLength(bytes);
  return length >= 2n && length <= LONGEST_HEADER;
}

export function headerLength({ buffer, byteOffset }: Uint8Array): bigint {
  return new DataView(buffer, byteOffset, LENGTH_BYTES).getBigUint64(0, true);
}
