import { createMemoryGate } from "./memory-gate.ts";

/** What pictures in the middle of decoding may hold together. */
const decodingBytes = 80 * 1024 * 1024;

/** What is kept for small ones beside a picture that takes more than all of it: 36 megapixels are 108 MB. */
const besideBytes = 24 * 1024 * 1024;

const withMemory = createMemoryGate(decodingBytes);

/** Decodes when there is memory for it: pictures wait for each other. */
export function withDecodingMemory<T>(bytes: number, decode: () => Promise<T>): Promise<T> {
  return withMemory(Math.min(bytes, decodingBytes - besideBytes), decode);
}
