import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { type LoadedData, loadSamples } from "../../src/data/load.ts";
import { fetchFloats, floatsOf, keepSmaller, preparePixels } from "../../src/data/prepare.ts";
import { preprocessingSchema } from "../../src/data/preprocessing.ts";
import { type Sample, scanFolder } from "../../src/data/scan.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";

const preprocessing = preprocessingSchema.parse({ height: 8, width: 6 });

let folder = "";
let samples: readonly Sample[] = [];

/** Two classes with a bit of everything that goes wrong. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-load-"));
  for (const name of ["a", "b"]) await mkdir(join(folder, name));
  const draw = (width: number, background: string) =>
    sharp({ create: { width, height: 10, channels: 3, background } });
  const red = await draw(40, "red").png().toBuffer();
  await writeFile(join(folder, "a", "1-big.jpg"), await draw(900, "green").jpeg().toBuffer());
  await writeFile(join(folder, "a", "2-note.jpg"), "not a photo");
  await writeFile(join(folder, "a", "3-png.jpg"), red);
  await writeFile(join(folder, "a", "4-no-extension"), await draw(20, "blue").webp().toBuffer());
  await writeFile(join(folder, "a", "5-cut.png"), red.subarray(0, red.length - 40));
  await writeFile(join(folder, "b", "6-twin.png"), red);
  await writeFile(join(folder, "b", "7-empty.png"), "");
  await writeFile(join(folder, "b", "8-gone.png"), red);
  samples = (await scanFolder(nodePlatform, folder)).samples;
  await rm(join(folder, "b", "8-gone.png"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("loadSamples", () => {
  it("keeps what can be read, in order, and says why the rest is left out", async () => {
    const { loaded, problems } = await loadSamples(nodePlatform, samples, preprocessing);
    const paths = loaded.map(({ sample }) => sample.relativePath);
    expect(paths).toEqual(["a/1-big.jpg", "a/3-png.jpg", "a/4-no-extension", "b/6-twin.png"]);
    expect(loaded[1].hash).toBe(loaded[3].hash);
    expect(new Set(loaded.map(({ hash }) => hash)).size).toBe(3);
    expect(problems.map(({ relativePath, code, excluded }) => [relativePath, code, excluded])).toEqual([
      ["a/2-note.jpg", "image.unsupported", true],
      ["a/3-png.jpg", "data.misnamed", false],
      ["a/5-cut.png", expect.stringMatching(/^image\.(cut-short|corrupt)$/), true],
      ["b/6-twin.png", "data.in-two-classes", false],
      ["b/7-empty.png", "image.unsupported", true],
      ["b/8-gone.png", "file.not-found", true],
    ]);
    expect(problems[0].reason).toContain("found text");
    expect(problems[1].reason).toContain("Named as JPEG, but its content is PNG");
    expect(problems[3].reason).toContain("a/3-png.jpg");
  });

  it("keeps the order however long each takes", async () => {
    const slowFirst = {
      ...nodePlatform,
      decode: async (bytes: Uint8Array) => {
        const image = await nodePlatform.decode(bytes);
        await new Promise((resolve) => setTimeout(resolve, image.width > 100 ? 50 : 0));
        return image;
      },
    };
    const together = await loadSamples(slowFirst, samples, preprocessing, { concurrency: 8 });
    const alone = await loadSamples(nodePlatform, samples, preprocessing, { concurrency: 1 });
    const comparable = async ({ loaded, problems }: LoadedData) => ({
      loaded: await Promise.all(
        loaded.map(async ({ sample, hash, image }) => ({ sample, hash, image: await fetchFloats(image) })),
      ),
      problems,
    });
    expect(await comparable(together)).toEqual(await comparable(alone));
  });

  it("gives what one photo alone gives, kept as floats or as the smaller original", async () => {
    for (const side of [8, 64]) {
      const rule = preprocessingSchema.parse({ height: side, width: side });
      for (const { sample, image, hash } of (await loadSamples(nodePlatform, samples, rule)).loaded) {
        const expected = new Float32Array(rule.height * rule.width * 3);
        const decoded = await nodePlatform.decode(await nodePlatform.readFile(sample.path));
        preparePixels({ ...decoded, channels: 3 }, rule, expected);
        expect(await fetchFloats(image)).toEqual(expected);
        const alone = await loadSamples(nodePlatform, [sample], rule, { depth: "identify" });
        expect(alone.loaded[0]!.hash).toBe(hash);
        expect(await fetchFloats(alone.loaded[0]!.image)).toEqual(expected);
      }
    }
  });

  it("keeps of a picture what takes less memory", async () => {
    const picture = { width: 5, height: 4, pixels: new Uint8Array(60).fill(7) };
    const enlarged = keepSmaller(picture, preprocessingSchema.parse({ height: 8, width: 8 }), {});
    const reduced = keepSmaller(picture, preprocessingSchema.parse({ height: 2, width: 2 }), {});
    picture.pixels.fill(200); // seen by what keeps the original, and only by that
    expect(floatsOf(enlarged)[0]).toBeCloseTo(200 / 255);
    expect(floatsOf(reduced)[0]).toBeCloseTo(7 / 255);
  });

  it("gives back the memory of what is used up, and of nothing else", () => {
    const picture = () => ({ width: 5, height: 4, pixels: new Uint8Array(60).fill(7) });
    const released: Uint8Array[] = [];
    const platform = { release: (bytes: Uint8Array) => released.push(bytes.fill(200)) };
    const [kept, usedUp] = [picture(), picture()];
    keepSmaller(kept, preprocessingSchema.parse({ height: 8, width: 8 }), platform);
    const reduced = keepSmaller(usedUp, preprocessingSchema.parse({ height: 2, width: 2 }), platform);
    expect(released).toEqual([usedUp.pixels]);
    expect(floatsOf(reduced)[0]).toBeCloseTo(7 / 255);
  });

  it("decodes nothing before it must where only contents are asked for, and then what the others have", async () => {
    let decoded = 0;
    const counting = {
      ...nodePlatform,
      decode: (bytes: Uint8Array) => {
        decoded++;
        return nodePlatform.decode(bytes);
      },
    };
    const { loaded, problems } = await loadSamples(counting, samples, preprocessing, { depth: "identify" });
    expect(decoded).toBe(0);
    expect(loaded.map(({ relativePath }) => relativePath)).toContain("a/5-cut.png");
    expect(problems.map(({ code }) => code)).not.toContain("image.cut-short");
    const cut = loaded.find(({ relativePath }) => relativePath === "a/5-cut.png")!;
    await expect(fetchFloats(cut.image)).rejects.toMatchObject({
      code: expect.stringMatching(/^image\.(cut-short|corrupt)$/),
    });
    const before = await loadSamples(nodePlatform, samples, preprocessing);
    for (const { hash, relativePath, image } of before.loaded) {
      const later = loaded.find((item) => item.relativePath === relativePath)!;
      expect(later.hash).toBe(hash);
      expect(await fetchFloats(later.image)).toEqual(await fetchFloats(image));
    }
  });

  it("tells how far it is and stops when told to", async () => {
    const steps: string[] = [];
    const onProgress = (done: number, total: number) => steps.push(`${done}/${total}`);
    await loadSamples(nodePlatform, samples, preprocessing, { onProgress });
    expect(steps).toEqual(["1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8", "8/8"]);
    const controller = new AbortController();
    let started = 0;
    const stopping = loadSamples(nodePlatform, samples, preprocessing, {
      concurrency: 1,
      signal: controller.signal,
      onProgress: () => {
        if (++started === 2) controller.abort();
      },
    });
    await expect(stopping).rejects.toThrow("aborted");
    expect(started).toBe(2);
  });

  it("reads small photos at once, and never reads on in what is no image", async () => {
    const read: string[] = [];
    const watching = {
      ...nodePlatform,
      readFile: (path: string) => {
        read.push(nodePlatform.baseName(path));
        return nodePlatform.readFile(path);
      },
    };
    const own = join(folder, "c");
    await mkdir(own);
    const noise = new Uint8Array(randomBytes(120 * 120 * 3)); // so that it takes more than 16 KB
    const raw = { raw: { width: 120, height: 120, channels: 3 } } as const;
    await writeFile(join(own, "long.png"), await sharp(noise, raw).png().toBuffer());
    await writeFile(join(own, "long.txt"), "not a photo ".repeat(5000));
    const long = ["long.png", "long.txt"].map((name) => ({
      path: join(own, name),
      relativePath: `c/${name}`,
      classIndex: 0,
    }));
    const { loaded } = await loadSamples(watching, [...samples, ...long], preprocessing);
    expect(loaded).toHaveLength(5);
    expect(read).toEqual(["long.png"]);
    await rm(own, { recursive: true });
  });

  it("does not take a bug for a bad photo", async () => {
    const broken = {
      ...nodePlatform,
      decode: (): Promise<RgbImage> => Promise.reject(new TypeError("a bug")),
    };
    await expect(loadSamples(broken, samples, preprocessing)).rejects.toThrow(TypeError);
  });
});
