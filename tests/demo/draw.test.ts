import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode as decodeBmp } from "fast-bmp";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planFiles } from "../../src/demo/drawn-files.ts";
import { describeFace } from "../../src/demo/faces.ts";
import { moods } from "../../src/demo/person.ts";
import { type DrawnFolder, drawFaces, drawFacesInMemory } from "../../src/platform/node/draw.ts";
import { InputError } from "../../src/util/errors.ts";

const seed = 4;
const count = 60;
let home: string;
let drawn: DrawnFolder;
let progress: number[];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "fovea-draw-"));
  progress = [];
  drawn = await drawFaces(join(home, "faces"), { count, seed, onProgress: (done) => progress.push(done) });
});
afterAll(() => rm(home, { recursive: true }));

describe("drawFaces", () => {
  it("writes the planned pictures, one copy and the broken files, and reports each picture", async () => {
    expect(drawn).toMatchObject({ pictures: count + 1, finished: true });
    const names = await filesOf(drawn.folder);
    expect(names).toHaveLength(count + 1 + drawn.broken.length);
    for (const name of drawn.broken) expect(names).toContain(name);
    expect(progress).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  });

  it("mixes formats in both classes, by content", async () => {
    const broken = new Set(drawn.broken);
    for (const mood of moods) {
      const names = (await filesOf(drawn.folder)).filter(
        (name) => name.startsWith(mood) && !broken.has(name),
      );
      const formats = new Set(await Promise.all(names.map((name) => formatOf(join(drawn.folder, name)))));
      expect([...formats].sort()).toEqual(["avif", "bmp", "gif", "jpeg", "png", "tiff", "webp"]);
    }
  });

  it("has a PNG named .jpg and a JPEG that only EXIF turns upright, at the planned size", async () => {
    const plan = planFiles(count, seed);
    const misnamed = plan.find(({ encoding }) => encoding === "png-misnamed")!;
    expect(misnamed.name).toMatch(/\.jpg$/);
    expect(await formatOf(join(drawn.folder, misnamed.mood, misnamed.name))).toBe("png");
    for (const file of plan.filter(({ encoding }) => encoding === "jpeg-turned")) {
      const path = join(drawn.folder, file.mood, file.name);
      expect([3, 6, 8]).toContain((await sharp(path).metadata()).orientation);
      const upright = await sharp(path).autoOrient().toBuffer({ resolveWithObject: true });
      expect(upright.info).toMatchObject(file.size);
      // The drawing without its noise, right way up and upside down: the file must be nearer to the first.
      const face = describeFace(seed, file.index, file.mood, file.size);
      const wrong = await sharp(Buffer.from(face.svg)).removeAlpha().rotate(180).png().toBuffer();
      const difference = await meanDifference(upright.data, Buffer.from(face.svg));
      expect(difference).toBeLessThan(await meanDifference(upright.data, wrong));
    }
  });

  it("writes BMP that holds the drawn pixels", async () => {
    const file = planFiles(count, seed).find(({ encoding }) => encoding === "bmp")!;
    const image = decodeBmp(await readFile(join(drawn.folder, file.mood, file.name)));
    expect(image).toMatchObject({ ...file.size, bitsPerPixel: 24 });
  });

  it("writes the same bytes again for the same seed", async () => {
    const again = await drawFaces(join(home, "again"), { count: 30, seed });
    const third = await drawFaces(join(home, "third"), { count: 30, seed });
    const names = await filesOf(again.folder);
    expect(await filesOf(third.folder)).toEqual(names);
    for (const name of names) {
      expect(await hashOf(join(third.folder, name))).toBe(await hashOf(join(again.folder, name)));
    }
  });

  it("has files that no decoder reads whole, and an exact copy", async () => {
    const cut = drawn.broken.find((name) => name.includes("cut_short"))!;
    await expect(sharp(join(drawn.folder, cut)).raw().toBuffer()).rejects.toThrow();
    const copy = (await filesOf(drawn.folder)).find((name) => name.includes("Copy of "))!;
    const original = copy.replace("Copy of ", "");
    expect(await hashOf(join(drawn.folder, copy))).toBe(await hashOf(join(drawn.folder, original)));
  });

  it("refuses a folder that holds something, and leaves it alone", async () => {
    const folder = await mkdtemp(join(home, "mine-"));
    await writeFile(join(folder, "mine.txt"), "mine");
    const refusal = await drawFaces(folder, { count: 2 }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InputError);
    expect(refusal).toMatchObject({ code: "draw.folder-not-empty" });
    expect(await readdir(folder)).toEqual(["mine.txt"]);
  });

  it("says where it cannot write", async () => {
    const file = join(home, "a-file");
    await writeFile(file, "");
    await expect(drawFaces(join(file, "faces"), { count: 2 })).rejects.toMatchObject({
      code: "draw.cannot-write",
      message: expect.stringContaining(file),
    });
  });

  it("stops between pictures when asked to", async () => {
    const stop = new AbortController();
    const folder = join(home, "stopped");
    const result = await drawFaces(folder, {
      count: 40,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    expect(result.finished).toBe(false);
    expect(result.pictures).toBeLessThan(40);
    expect(await filesOf(folder)).toHaveLength(result.pictures);
  });
});

describe("drawFacesInMemory", () => {
  it("gives small RGB pictures, happy and sad in turn, the same for the same seed", async () => {
    const faces = await drawFacesInMemory({ count: 6, size: 48, seed });
    expect(faces.map(({ mood }) => mood)).toEqual(["happy", "sad", "happy", "sad", "happy", "sad"]);
    for (const { image } of faces) {
      expect(image).toMatchObject({ width: 48, height: 48 });
      expect(image.pixels).toHaveLength(48 * 48 * 3);
      expect(new Set(image.pixels).size).toBeGreaterThan(20);
    }
    expect(await drawFacesInMemory({ count: 6, size: 48, seed })).toEqual(faces);
  });
});

/** "class/name" of every file, sorted. */
async function filesOf(folder: string): Promise<string[]> {
  const lists = await Promise.all(
    moods.map(async (mood) => (await readdir(join(folder, mood))).map((name) => `${mood}/${name}`)),
  );
  return lists.flat().sort();
}

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

async function formatOf(path: string): Promise<string> {
  const bytes = await readFile(path);
  if (bytes.toString("latin1", 0, 2) === "BM") return "bmp";
  const { format, compression } = await sharp(bytes).metadata();
  return compression === "av1" ? "avif" : format;
}

/** Of two pictures of one size, both made small and grey. */
async function meanDifference(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((bytes) =>
      sharp(bytes).removeAlpha().greyscale().resize(32, 32, { fit: "fill" }).raw().toBuffer(),
    ),
  );
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}
