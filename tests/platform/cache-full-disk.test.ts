import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import type { KeptPhoto } from "../../src/data/cache/photo-store.ts";
import type { PixelImage } from "../../src/data/image.ts";
import { openPhotoFolder } from "../../src/platform/node/cache-folder.ts";
import { pixelPhoto } from "../data/cache/photos.ts";

const keyOf = (n: number) => `${String(n).padStart(64, "0")}-0123456789abcdef`;

/** Puts photos until long after it was refused, and looks at what is left. */
async function putMany(folder: string, bytes?: number) {
  const notices: string[] = [];
  const store = openPhotoFolder({ folder, bytes, onNotice: (text) => notices.push(text) });
  for (let n = 0; n < 60; n++) await store.put(keyOf(n), pixelPhoto(n, 100));
  await store.close();
  const found = await Promise.all(Array.from({ length: 60 }, (_, n) => store.get(keyOf(n))));
  return { notices, found, unfinished: await readdir(join(folder, "decoded-photos", "unfinished")) };
}

/** `toEqual` takes a tenth of a second for so many pixels. */
const hashOf = ({ image }: KeptPhoto) =>
  createHash("sha256")
    .update((image as PixelImage).pixels)
    .digest("hex");

const notice = (folder: string, why: string) =>
  `Cannot cache decoded photos in "${join(folder, "decoded-photos")}": ${why}. Photos that memory does not hold are decoded again in each epoch`;

describe("a disk that fills", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ["ENOSPC", "the disk is full"],
    ["EDQUOT", "the disk quota is used up"],
    ["EROFS", "the file system can only be read"],
    ["EACCES", "permission is missing"],
    ["EIO", "the device reports an error"],
  ])("costs one notice, and leaves nothing half-written: %s", async (code, why) => {
    const folder = await mkdtemp(join(tmpdir(), "fovea-cache-full-"));
    await writeFile(join(folder, "x"), "");
    const handle = await open(join(folder, "x"));
    const files = Object.getPrototypeOf(handle);
    await handle.close();
    const { write } = files;
    let writes = 0;
    vi.spyOn(files, "write").mockImplementation(function (this: unknown, ...args: unknown[]) {
      if ((args[0] as Uint8Array).length > 1000 && ++writes > 15)
        throw Object.assign(new Error("refused"), { code });
      return write.apply(this, args);
    });
    const { notices, found, unfinished } = await putMany(folder);
    expect(notices).toEqual([notice(folder, why)]);
    expect(unfinished).toEqual([]);
    expect(found.filter(Boolean)).toHaveLength(15);
    for (const [n, photo] of found.entries())
      if (photo) expect(hashOf(photo), `photo ${n}`).toBe(hashOf(pixelPhoto(n, 100)));
    await rm(folder, { recursive: true });
  });
});

/** A disk of one megabyte; undefined where this process may not mount one. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "fovea-small-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    console.warn("SKIPPED: the test on a disk that is really full, for this user may not mount one");
    return undefined;
  }
}

const disk = mountSmallDisk();
afterAll(() => {
  if (disk === undefined) return;
  execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true });
});

describe.skipIf(disk === undefined)("a disk that is really full", () => {
  const folder = disk ?? "";

  it("is left half free where no size is given", async () => {
    const { notices, found, unfinished } = await putMany(folder);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(/^The cache of decoded photos has no room left in its 5\d\d? KB/);
    expect(unfinished).toEqual([]);
    expect(found.filter(Boolean).length).toBeGreaterThan(12);
    expect(found.filter(Boolean).length).toBeLessThan(17);
    await rm(join(folder, "decoded-photos"), { recursive: true });
  });

  it("costs one notice, and leaves nothing half-written", async () => {
    const { notices, found, unfinished } = await putMany(folder, 1e9);
    expect(notices).toEqual([notice(folder, "the disk is full")]);
    expect(unfinished).toEqual([]);
    expect(found.filter(Boolean).length).toBeGreaterThan(20);
    expect(found.filter(Boolean).length).toBeLessThan(40);
    expect(hashOf(found[0]!)).toBe(hashOf(pixelPhoto(0, 100)));
  });
});
