import { chmodSync, existsSync, statfsSync } from "node:fs";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { KeptPhoto } from "../../src/data/cache/photo-store.ts";
import { openPhotoFolder } from "../../src/platform/node/cache-folder.ts";
import { floatPhoto, pixelPhoto, withFingerprint } from "../data/cache/photos.ts";

const day = 24 * 60 * 60 * 1000;

let parent = "";
let folder = "";
let notices: string[] = [];
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "fovea-cache-folder-"));
});
afterAll(() => rm(parent, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(parent, "case-"));
  notices = [];
});

const open = (bytes?: number) => openPhotoFolder({ folder, bytes, onNotice: (text) => notices.push(text) });
/** Keys of photos lie in as many sub-folders as keys of content do. */
const keyOf = (n: number) =>
  `${((n * 37) % 256).toString(16).padStart(2, "0")}${String(n).padStart(62, "0")}-0123456789abcdef`;
const pathOf = (key: string) => join(folder, "decoded-photos", key.slice(0, 2), `${key}.photo`);
const isThere = (n: number) => existsSync(pathOf(keyOf(n)));

async function fill(photos: readonly (readonly [n: number, photo: KeptPhoto])[], bytes?: number) {
  const store = open(bytes);
  for (const [n, photo] of photos) await store.put(keyOf(n), photo);
  await store.close();
}

/** As if it had been used last so many days ago. */
async function age(n: number, days: number) {
  const then = new Date(Date.now() - days * day);
  await utimes(pathOf(keyOf(n)), then, then);
}

const usedAgo = async (n: number) => Date.now() - (await stat(pathOf(keyOf(n)))).mtimeMs;
const numbered = (from: number, to: number, side?: number) =>
  Array.from({ length: to - from }, (_, i) => [from + i, pixelPhoto(from + i, side)] as const);

describe("photos in a folder", () => {
  it("are there for the next process, whatever they are", async () => {
    const photos = [pixelPhoto(1), pixelPhoto(2, 9, 1), floatPhoto(3), withFingerprint(floatPhoto(4))];
    await fill(photos.map((photo, n) => [n, photo]));
    const later = open();
    for (const [n, photo] of photos.entries()) expect(await later.get(keyOf(n))).toEqual(photo);
    expect(await later.get(keyOf(99))).toBeUndefined();
    await later.close();
    expect(notices).toEqual([]);
  });

  it("can be had while they are still being written, and are replaced by what is put later", async () => {
    const store = open();
    await store.put(keyOf(1), pixelPhoto(1));
    expect(await store.get(keyOf(1))).toEqual(pixelPhoto(1));
    await store.close();
    await fill([[1, withFingerprint(pixelPhoto(1))]]);
    expect(await open().get(keyOf(1))).toEqual(withFingerprint(pixelPhoto(1)));
  });

  it("make nothing on the disk before there is something to keep, and then say what it is", async () => {
    const store = open();
    expect(await store.get(keyOf(1))).toBeUndefined();
    await store.close();
    expect(await readdir(folder)).toEqual([]);
    await fill([[1, pixelPhoto(1)]]);
    const own = join(folder, "decoded-photos");
    expect((await readdir(own)).sort()).toEqual(["25", "CACHEDIR.TAG", "README.txt", "unfinished"]);
    const tag = await readFile(join(own, "CACHEDIR.TAG"), "utf8");
    expect(tag.startsWith("Signature: 8a477f597d28d172789f06886806bc55\n")).toBe(true);
    expect(await readFile(join(own, "README.txt"), "utf8")).toContain("deleted at any time");
    expect(await readdir(join(own, "unfinished"))).toEqual([]);
  });

  it("lie in the user's cache folder where none is named", async () => {
    const store = openPhotoFolder({ onNotice: (text) => notices.push(text) });
    await store.put(keyOf(7), pixelPhoto(7));
    await store.close();
    expect(process.env.XDG_CACHE_HOME).toContain(tmpdir());
    if (process.platform === "linux")
      expect(
        existsSync(join(process.env.XDG_CACHE_HOME ?? "", "fovea", "decoded-photos", keyOf(7).slice(0, 2))),
      ).toBe(true);
    expect(await openPhotoFolder({ onNotice: () => {} }).get(keyOf(7))).toEqual(pixelPhoto(7));
  });

  it("are written behind whoever puts them, a limited number at a time", async () => {
    const store = open();
    const large = { ...floatPhoto(1), image: new Float32Array(1 << 20) }; // 4 MB
    let begun = 0;
    const puts = Array.from({ length: 10 }, (_, n) =>
      store.put(keyOf(n), large).then(() => {
        begun++;
      }),
    );
    await Promise.resolve().then(() => {});
    await new Promise((resolve) => process.nextTick(resolve));
    expect(begun).toBe(3); // of 16 MB, headers counted
    await Promise.all(puts);
    await store.close();
    for (let n = 0; n < 10; n++) expect(isThere(n)).toBe(true);
  });
});

describe("a damaged entry", () => {
  const damages: readonly (readonly [name: string, damage: (path: string) => Promise<void>])[] = [
    [
      "a byte that was changed",
      async (path) => {
        const bytes = await readFile(path);
        bytes[bytes.length - 5] ^= 4;
        await writeFile(path, bytes);
      },
    ],
    ["a cut", async (path) => writeFile(path, (await readFile(path)).subarray(0, 70))],
    ["bytes behind it", (path) => appendFile(path, "x")],
    ["nothing in it", (path) => writeFile(path, "")],
    [
      "zeros, as a crash of the system leaves",
      async (path) => writeFile(path, Buffer.alloc((await stat(path)).size)),
    ],
    ["another entry in its place", async (path) => writeFile(path, await readFile(pathOf(keyOf(2))))],
  ];

  it.each(damages)("is a photo that is not there, and can be put again: %s", async (_, damage) => {
    await fill([
      [1, pixelPhoto(1)],
      [2, pixelPhoto(2)],
    ]);
    await damage(pathOf(keyOf(1)));
    const store = open();
    expect(await store.get(keyOf(1))).toBeUndefined();
    expect(isThere(1)).toBe(false);
    await store.put(keyOf(1), pixelPhoto(1));
    await store.close();
    expect(await open().get(keyOf(1))).toEqual(pixelPhoto(1));
    expect(await open().get(keyOf(2))).toEqual(pixelPhoto(2));
    expect(notices).toEqual([]);
  });

  it("may be a folder, or lie where a file should be a folder", async () => {
    await mkdir(pathOf(keyOf(1)), { recursive: true });
    await writeFile(join(folder, "decoded-photos", keyOf(2).slice(0, 2)), "");
    expect(await open().get(keyOf(1))).toBeUndefined();
    expect(await open().get(keyOf(2))).toBeUndefined();
  });
});

describe("a bound", () => {
  const bound = 8 * 4096; // eight small entries

  it("lets go first what was used longest ago", async () => {
    await fill(numbered(0, 8));
    for (let n = 0; n < 8; n++) await age(n, 10 + n);
    await fill(numbered(100, 102), bound);
    expect(
      numbered(0, 8)
        .filter(([n]) => isThere(n))
        .map(([n]) => n),
    ).toEqual([0, 1, 2, 3, 4, 5]);
    expect(isThere(100) && isThere(101)).toBe(true);
  });

  it("counts reading as use, once a run", async () => {
    await fill(numbered(0, 8));
    for (let n = 0; n < 8; n++) await age(n, 10 + n);
    const store = open(bound);
    expect(await store.get(keyOf(7))).toEqual(pixelPhoto(7));
    expect(await usedAgo(7)).toBeLessThan(day);
    const first = (await stat(pathOf(keyOf(7)))).mtimeMs;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await store.get(keyOf(7));
    expect((await stat(pathOf(keyOf(7)))).mtimeMs).toBe(first);
    await store.put(keyOf(100), pixelPhoto(100));
    await store.close();
    expect(isThere(7)).toBe(true);
    expect(isThere(6)).toBe(false);
    expect(isThere(0)).toBe(true);
  });

  it("keeps what the run itself has put, and then takes no more, and says so once", async () => {
    await fill(numbered(0, 20), bound);
    expect(
      numbered(0, 20)
        .filter(([n]) => isThere(n))
        .map(([n]) => n),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(notices).toEqual([
      "The cache of decoded photos has no room left in its 33 KB (--cache-size). Photos that memory does not hold are decoded again in each epoch",
    ]);
  });

  it("holds whatever others write into the same folder", async () => {
    const stores = [open(64 * 4096), open(64 * 4096), open(64 * 4096)];
    for (let n = 0; n < 100; n++)
      await Promise.all(stores.map((store, which) => store.put(keyOf(n + 1000 * which), pixelPhoto(n))));
    await Promise.all(stores.map((store) => store.close()));
    const shards = await readdir(join(folder, "decoded-photos"), { recursive: true });
    const count = shards.filter((name) => name.endsWith(".photo")).length;
    expect(count).toBeGreaterThan(56);
    expect(count).toBeLessThan(64 * 1.5);
  });

  it("never touches a file that is not an entry", async () => {
    await fill(numbered(0, 4));
    const foreign = join(folder, "decoded-photos", "25", "holiday.jpg");
    await writeFile(foreign, Buffer.alloc(1e6));
    await utimes(foreign, 0, 0);
    await fill(numbered(100, 140), bound);
    expect(existsSync(foreign)).toBe(true);
  });

  it("is half of what the disk has free where none is given, and 20 GB at most", async () => {
    const { bavail, bsize } = statfsSync(folder);
    const { createRoom } = await import("../../src/platform/node/cache-room.ts");
    const room = createRoom({ folder, since: Date.now() });
    expect(await room.use(1, async () => {})).toBe(true);
    const half = (bavail * bsize) / 2;
    expect(room.bound / Math.min(20e9, half)).toBeGreaterThan(0.9);
    expect(room.bound).toBeLessThanOrEqual(20e9);
  });
});

describe("a folder that is changed behind a run", () => {
  it("may be deleted while it is in use", async () => {
    const store = open();
    for (const [n, photo] of numbered(0, 5)) await store.put(keyOf(n), photo);
    await store.close();
    await rm(join(folder, "decoded-photos"), { recursive: true });
    expect(await store.get(keyOf(0))).toBeUndefined();
    await store.put(keyOf(0), pixelPhoto(0));
    await store.close();
    expect(await open().get(keyOf(0))).toEqual(pixelPhoto(0));
    expect(notices).toEqual([]);
  });

  it("may be used by two at once, also for the same photos", async () => {
    const stores = [open(), open()];
    const wrong: number[] = [];
    await Promise.all(
      stores.map(async (store) => {
        for (let round = 0; round < 3; round++) {
          for (const [n, photo] of numbered(0, 40, 30)) {
            const found = await store.get(keyOf(n));
            if (found === undefined) await store.put(keyOf(n), photo);
            else if (JSON.stringify(found) !== JSON.stringify(photo)) wrong.push(n);
          }
        }
        await store.close();
      }),
    );
    expect(wrong).toEqual([]);
    for (const [n, photo] of numbered(0, 40, 30)) expect(await open().get(keyOf(n))).toEqual(photo);
    expect(await readdir(join(folder, "decoded-photos", "unfinished"))).toEqual([]);
  });

  it("is cleared of what killed processes left, when that is old", async () => {
    const unfinished = join(folder, "decoded-photos", "unfinished");
    await mkdir(unfinished, { recursive: true });
    for (const name of ["old.tmp", "young.tmp", "old-but-not-ours"])
      await writeFile(join(unfinished, name), "x");
    const then = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const name of ["old.tmp", "old-but-not-ours"]) await utimes(join(unfinished, name), then, then);
    await fill([[1, pixelPhoto(1)]]);
    expect((await readdir(unfinished)).sort()).toEqual(["old-but-not-ours", "young.tmp"]);
  });
});

describe("a folder that cannot be written", () => {
  const after = "Photos that memory does not hold are decoded again in each epoch";

  it("costs one notice and nothing else: a file is in its place", async () => {
    await writeFile(join(folder, "decoded-photos"), "");
    const store = open();
    for (const [n, photo] of numbered(0, 9)) await store.put(keyOf(n), photo);
    await store.close();
    expect(await store.get(keyOf(1))).toBeUndefined();
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain(`Cannot cache decoded photos in "${join(folder, "decoded-photos")}": `);
    expect(notices[0]).toContain(after);
  });

  it.skipIf(process.getuid?.() === 0)(
    "costs one notice: permission is missing (skipped for root)",
    async () => {
      await fill([[1, pixelPhoto(1)]]);
      chmodSync(join(folder, "decoded-photos", "unfinished"), 0o500);
      await fill(numbered(2, 9));
      expect(notices).toHaveLength(1);
      expect(notices[0]).toContain("permission is missing. ");
      expect(await open().get(keyOf(1))).toEqual(pixelPhoto(1));
    },
  );
});
