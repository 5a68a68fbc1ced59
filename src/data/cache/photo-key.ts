import type { Platform } from "../platform.ts";
import type { Preprocessing } from "../preprocessing.ts";

/** Goes up when the same file and rule give other bytes than before, or an entry is laid out in another way. */
export const CACHE_VERSION = 1;

/** Hexadecimal digits of a rule's digest in a key: 64 bits for the few rules of one machine. */
const RULE_DIGITS = 16;

/** From the SHA-256 of a file's bytes, in hexadecimal, to the key under which its photo is kept. */
export type KeyOfPhoto = (hash: string) => string;

/**
 * A photo is kept by its content and by all that decides what is made of it: the whole rule, and who decodes. The same file under
 * another name has the same key; one that was changed in place has another.
 */
export async function photoKeys(
  platform: Pick<Platform, "sha256" | "describeDecoder">,
  preprocessing: Preprocessing,
): Promise<KeyOfPhoto> {
  const rule = Object.entries(preprocessing).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify({ version: CACHE_VERSION, decoder: platform.describeDecoder(), rule });
  const digest = await platform.sha256(new TextEncoder().encode(text));
  return (hash) => `${hash}-${digest.slice(0, RULE_DIGITS)}`;
}
