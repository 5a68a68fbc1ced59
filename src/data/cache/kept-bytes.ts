import type { KeptPhoto } from "./photo-store.ts";

/** Of the objects and the key around a photo's bytes, measured with 100,000 of them. */
const AROUND = 800;

/** Memory that a photo takes while it is kept. */
export function bytesOfPhoto({ image, fingerprint }: KeptPhoto): number {
  const { byteLength } = image instanceof Float32Array ? image : image.pixels;
  return byteLength + (fingerprint?.grey.byteLength ?? 0) + AROUND;
}
