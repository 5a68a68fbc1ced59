import type { KeptPhoto, PhotoStore } from "../../../src/data/cache/photo-store.ts";
import type { PixelImage } from "../../../src/data/image.ts";

const identity = { format: "jpeg", name: "JPEG" } as const;

/** A picture of `side` squared pixels that differs from that of any other `seed`. */
export function pixelPhoto(seed: number, side = 4, channels: 1 | 3 = 3): KeptPhoto {
  const pixels = Uint8Array.from({ length: side * side * channels }, (_, i) => (seed * 31 + i * 7) & 255);
  return { identity, image: { width: side, height: side, channels, pixels } satisfies PixelImage };
}

/** What a model takes, ready made. */
export function floatPhoto(seed: number, length = 48): KeptPhoto {
  return { identity, image: Float32Array.from({ length }, (_, i) => Math.fround(seed + i / 255)) };
}

export function withFingerprint(photo: KeptPhoto, seed = 1): KeptPhoto {
  return { ...photo, fingerprint: { grey: Uint8Array.from({ length: 1024 }, (_, i) => (seed + i) & 255) } };
}

/** A store that keeps everything, and what was asked of it. */
export function recordingStore() {
  const photos = new Map<string, KeptPhoto>();
  const calls: string[] = [];
  const store: PhotoStore = {
    get: async (key) => {
      calls.push(`get ${key}`);
      return photos.get(key);
    },
    put: async (key, photo) => {
      calls.push(`put ${key}`);
      photos.set(key, photo);
    },
    close: async () => {
      calls.push("close");
    },
  };
  return { store, photos, calls };
}
