import { readdirSync } from "node:fs";
import { expect, it } from "vitest";
import type { RgbImage } from "../../src/data/image.ts";
import { loadSamples } from "../../src/data/load.ts";
import { floatsOf, keepSmaller } from "../../src/data/prepare.ts";
import { type DecodingRule, plainDecoding, preprocessingSchema } from "../../src/data/preprocessing.ts";
import { scanFolder } from "../../src/data/scan.ts";
import { splitSamples } from "../../src/data/split.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { describePhotos } from "./photo-folder.ts";

/** Width, height and mean of red, green and blue; PNG, GIF and JPEG as TensorFlow 2.21 decodes them (accurate DCT). */
const pictures: Record<string, [width: number, height: number, red: number, green: number, blue: number]> = {
  "16-bit-grey-alpha.png": [109, 96, 0, 0, 0], // its whole drawing is in the alpha
  "4.webp": [1024, 772, 105.36, 152.91, 175.75],
  "Channel_digital_image_CMYK_color_no_profile.jpg": [500, 333, 108.65, 131.7, 109.21],
  "Crash_test.gif": [800, 533, 131.54, 137.46, 116.39],
  "Flag_of_the_Netherlands-16bit.png": [900, 600, 154.24, 117.6, 144.5],
  "G31D_MULTI.TIF": [2464, 3248, 235.82, 235.82, 235.82],
  "Landscape_1.jpg": [600, 450, 96.98, 94.53, 84.81],
  "Landscape_3.jpg": [600, 450, 83.95, 82.27, 71.95],
  "Landscape_6.jpg": [600, 450, 84.01, 82.32, 71.99],
  "Landscape_8.jpg": [600, 450, 84.08, 82.4, 72.07],
  "Portrait_1.jpg": [450, 600, 114.93, 117.36, 99.5],
  "Portrait_2.jpg": [450, 600, 100.05, 102.95, 83.13],
  "Portrait_5.jpg": [450, 600, 100.06, 102.97, 83.17],
  "Portrait_7.jpg": [450, 600, 99.91, 102.82, 83.05],
  "animated-loop-3.gif": [370, 285, 253, 254.01, 251.01],
  "animated-loop-3.webp": [370, 285, 253.99, 254, 252.01],
  "bggn4a16.png": [32, 32, 126.3, 126.3, 126.3],
  "big-height.webp": [13, 169, 255, 255, 255],
  "grey-8bit-alpha.png": [400, 300, 85.45, 85.45, 85.45],
  "grey-plus-alpha.gif": [2, 1, 50.5, 50.5, 50.5],
  "p3.png": [8, 8, 248.02, 0, 0],
  "pitm.avif": [4096, 800, 30.13, 37.86, 52.79], // the primary one of its five images
  "tbgn2c16.png": [32, 32, 167.22, 174.44, 169.34],
};

const refusals: Record<string, [code: string, found: string]> = {
  "circle.svg": ["image.unsupported", "found SVG"],
  "corrupt-header.jpg": ["image.cut-short", "ends too early"],
  "relax.jp2": ["image.unsupported", "found JPEG 2000"],
  "truncated.jpg": ["image.cut-short", "ends too early"],
  "truncated.png": ["image.corrupt", "cut short or damaged"],
};

const preprocessing = preprocessingSchema.parse({ height: 32, width: 32 });

async function load(folder: string) {
  const { classNames, samples } = await scanFolder(nodePlatform, folder);
  return { classNames, samples, ...(await loadSamples(nodePlatform, samples, preprocessing)) };
}

/** Means of red, green and blue over white and in sRGB, looked at; all other files are as above. */
const overWhiteInSrgb: Record<string, [red: number, green: number, blue: number]> = {
  "16-bit-grey-alpha.png": [247, 247, 247], // a pale pattern
  "Landscape_3.jpg": [97.2, 95, 82.9], // as light as Landscape_1, which has no profile
  "Landscape_6.jpg": [97.3, 95, 82.9],
  "Landscape_8.jpg": [97.4, 95.1, 83],
  "Portrait_2.jpg": [115.1, 117.7, 96.2],
  "Portrait_5.jpg": [115.1, 117.7, 96.2],
  "Portrait_7.jpg": [115, 117.6, 96.1],
  "bggn4a16.png": [214, 214, 214],
  "grey-8bit-alpha.png": [245.5, 245.5, 245.5], // a heart, whose surroundings were black
  "grey-plus-alpha.gif": [178, 178, 178],
  "p3.png": [255, 0, 0],
};

describePhotos("odd-images", (folder) => {
  const decode = async (name: string, rule: DecodingRule = plainDecoding) =>
    nodePlatform.decode(await nodePlatform.readFile(`${folder}/${name}`), rule);

  const meansOf = ({ width, height, pixels }: RgbImage) => {
    const sums = [0, 0, 0];
    for (const [i, value] of pixels.entries()) sums[i % 3] += value;
    return sums.map((sum) => sum / (width * height));
  };

  it("has an expectation for each of its files", () => {
    const expected = [...Object.keys(pictures), ...Object.keys(refusals)];
    expect(readdirSync(folder).sort()).toEqual(expected.sort());
  });

  it.each(Object.entries(pictures))("%s is decoded", async (name, [width, height, ...means]) => {
    const image = await decode(name);
    expect([image.width, image.height, image.pixels.length]).toEqual([width, height, width * height * 3]);
    for (const [i, mean] of meansOf(image).entries()) expect(mean).toBeCloseTo(means[i], 1);
  });

  it.each(Object.entries(pictures))("%s is decoded over white, in sRGB", async (name, [, , ...plain]) => {
    const rule = { ...plainDecoding, background: "#ffffff", iccProfile: "srgb" } as const;
    const expected = overWhiteInSrgb[name] ?? plain;
    for (const [i, mean] of meansOf(await decode(name, rule)).entries()) {
      expect(Math.abs(mean - expected[i])).toBeLessThan(0.1);
    }
  });

  it.each(Object.entries(refusals))("%s is refused with its reason", async (name, [code, found]) => {
    const expected = { name: "InputError", code, message: expect.stringContaining(found) };
    await expect(decode(name)).rejects.toMatchObject(expected);
  });

  it.each([
    ["Landscape", [3, 6, 8]],
    ["Portrait", [2, 5, 7]],
  ])("%s is upright, however it was stored", async (name, turns) => {
    const [first, ...others] = await Promise.all(
      turns.map(async (turn) =>
        floatsOf(keepSmaller(await decode(`${name}_${turn}.jpg`), preprocessing, nodePlatform)),
      ),
    );
    for (const other of others) {
      const differences = other.map((value, i) => Math.abs(value - first[i]));
      expect(differences.reduce((a, b) => a + b) / other.length).toBeLessThan(0.04); // a digit drawn on it differs
    }
  });
});

describePhotos("happy-sad", (folder) => {
  it("is read whole, and its three misnamed files and its one contradiction are found", async () => {
    const { classNames, loaded, problems } = await load(folder);
    expect(classNames).toEqual(["happy", "sad"]);
    expect([0, 1].map((index) => loaded.filter(({ sample }) => sample.classIndex === index).length)).toEqual([
      103, 119,
    ]);
    expect(problems.map(({ code }) => code).sort()).toEqual([
      "data.in-two-classes",
      ...new Array(3).fill("data.misnamed"),
    ]);
    const items = loaded.map(({ sample, hash }) => ({ ...sample, hash }));
    const parts = splitSamples(items, { ratios: [70, 20, 10], seed: 1, classNames });
    expect([parts.train.length, parts.validation.length, parts.test.length]).toEqual([156, 44, 22]);
  });
});

describePhotos("happy-sad-dirty", (folder) => {
  it("leaves the two text files out and names the seven misnamed ones", async () => {
    const { samples, loaded, problems } = await load(folder);
    expect([samples.length, loaded.length]).toEqual([150, 148]);
    const excluded = problems.filter((problem) => problem.excluded);
    expect(excluded.map(({ relativePath }) => relativePath)).toEqual(["happy/pics", "sad/pic"]);
    expect(excluded.every(({ reason }) => reason.endsWith("found blank text"))).toBe(true);
    const reasons = problems.filter(({ code }) => code === "data.misnamed").map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.includes("Named as JPEG, but its content is WebP")).length).toBe(
      6,
    );
    expect(reasons.filter((reason) => reason.includes("Named as PNG, but its content is JPEG")).length).toBe(
      1,
    );
    expect(problems.length).toBe(9);
  });
});
