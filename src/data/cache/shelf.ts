import { bytesOfPhoto } from "./kept-bytes.ts";
import type { KeptPhoto } from "./photo-store.ts";

/** Photos in memory. */
export interface Shelf {
  get(key: string): KeptPhoto | undefined;
  /** Keeps the photo where there is room for it, in the place of one with the same key. */
  offer(key: string, photo: KeptPhoto): boolean;
}

/**
 * First come, first kept, and nothing ever leaves: an epoch asks for each photo once, in an order that is new each time, so of a
 * store that keeps half of them half the requests are met. One that drops the least recently used would do no better and would
 * write all that it drops to disk, over and over.
 */
export function createShelf(capacity: number): Shelf {
  const photos = new Map<string, KeptPhoto>();
  let used = 0;
  return {
    get: (key) => photos.get(key),
    offer(key, photo) {
      const earlier = photos.get(key);
      const growth = bytesOfPhoto(photo) - (earlier ? bytesOfPhoto(earlier) : 0);
      if (used + growth > capacity) return false;
      used += growth;
      photos.set(key, photo);
      return true;
    },
  };
}
