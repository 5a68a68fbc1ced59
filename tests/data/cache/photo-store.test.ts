import { describe, expect, it } from "vitest";
import { bytesOfPhoto } from "../../../src/data/cache/kept-bytes.ts";
import { createPhotoStore } from "../../../src/data/cache/photo-store.ts";
import { floatPhoto, pixelPhoto, recordingStore, withFingerprint } from "./photos.ts";

const size = bytesOfPhoto(pixelPhoto(0));

describe("a store of photos", () => {
  it("keeps the first that come in memory, and what has no room below", async () => {
    const below = recordingStore();
    const store = createPhotoStore({ memoryBytes: 2 * size, below: below.store });
    for (const key of ["a", "b", "c"]) await store.put(key, pixelPhoto(key.charCodeAt(0)));
    expect(below.calls).toEqual(["put c"]);
    expect(await store.get("a")).toEqual(pixelPhoto(97));
    expect(await store.get("b")).toEqual(pixelPhoto(98));
    expect(below.calls).toEqual(["put c"]);
    expect(await store.get("c")).toEqual(pixelPhoto(99));
    expect(await store.get("d")).toBeUndefined();
    expect(below.calls).toEqual(["put c", "get c", "get d"]);
  });

  it("holds to a byte what it was given", async () => {
    const store = createPhotoStore({ memoryBytes: 2 * size - 1 });
    await store.put("a", pixelPhoto(1));
    await store.put("b", pixelPhoto(2));
    expect(await store.get("a")).toBeDefined();
    expect(await store.get("b")).toBeUndefined();
  });

  it("takes what lies below into memory where there is room, and asks no more for it", async () => {
    const below = recordingStore();
    await below.store.put("a", floatPhoto(1));
    const store = createPhotoStore({ memoryBytes: 10 * size, below: below.store });
    expect(await store.get("a")).toEqual(floatPhoto(1));
    expect(await store.get("a")).toEqual(floatPhoto(1));
    expect(below.calls).toEqual(["put a", "get a"]);
  });

  it("puts a photo in the place of an earlier one with its key, and counts it once", async () => {
    const store = createPhotoStore({ memoryBytes: 2 * size + 1024 });
    await store.put("a", pixelPhoto(1));
    await store.put("a", withFingerprint(pixelPhoto(1)));
    expect((await store.get("a"))?.fingerprint?.grey).toHaveLength(1024);
    await store.put("b", pixelPhoto(2));
    expect(await store.get("b")).toBeDefined();
    await store.put("c", pixelPhoto(3));
    expect(await store.get("c")).toBeUndefined();
  });

  it("keeps nothing where it may not, and ends what lies below", async () => {
    const below = recordingStore();
    const store = createPhotoStore({ memoryBytes: 0, below: below.store });
    await store.put("a", floatPhoto(1));
    expect(await store.get("a")).toEqual(floatPhoto(1));
    await store.close();
    expect(below.calls).toEqual(["put a", "get a", "close"]);
    await createPhotoStore({ memoryBytes: 0 }).close();
  });
});
