import { describe, expect, it } from "vitest";
import { createAugment } from "../../../src/data/augment/augment-batch.ts";
import type { ImageKind } from "../../../src/data/augment/augmentation.ts";
import { augmentations, presets } from "../../../src/data/augment/catalogue.ts";
import { parseAugmentations } from "../../../src/data/augment/parse.ts";
import { RandomStream } from "../../../src/util/random.ts";

const kind: ImageKind = { height: 9, width: 7, channels: 3, valueRange: [0, 1] };
const length = 9 * 7 * 3;

/** Images of noise, the same for the same indices, of alternate classes. */
function batchOf(indices: readonly number[]) {
  const images = new Float32Array(indices.length * length);
  indices.forEach((index, row) => {
    const random = new RandomStream(1, "pixels", index);
    for (let i = 0; i < length; i++) images[row * length + i] = random.nextFloat32();
  });
  const classes = indices.map((index) => index % 2);
  return { images, labels: Float32Array.from(classes), classes };
}

async function augmented(text: string, indices: readonly number[], { seed = 3, epoch = 0, batch = 0 } = {}) {
  const given = batchOf(indices);
  await createAugment(parseAugmentations(text), kind, seed)?.(given, { epoch, batch, indices });
  return given;
}

const rowsOf = (images: Float32Array) =>
  Array.from({ length: images.length / length }, (_, row) => images.slice(row * length, (row + 1) * length));

const ofOneImage = Object.keys(augmentations).filter((name) => !["mixup", "cutmix"].includes(name));

describe.each(ofOneImage)("%s", (name) => {
  const many = Array.from({ length: 24 }, (_, index) => index);

  it("changes an image the same way in whatever batch and order it comes", async () => {
    const together = rowsOf((await augmented(name, many)).images);
    const backwards = rowsOf((await augmented(name, [...many].reverse(), { batch: 5 })).images).reverse();
    expect(backwards).toEqual(together);
  });

  it("changes it anew in each epoch and with each seed, inside the range of values", async () => {
    const { images } = await augmented(name, many);
    expect(images).not.toEqual(batchOf(many).images);
    expect((await augmented(name, many, { epoch: 1 })).images).not.toEqual(images);
    expect((await augmented(name, many, { seed: 4 })).images).not.toEqual(images);
    expect(images.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it("leaves the labels alone", async () => {
    expect((await augmented(name, many)).labels).toEqual(batchOf(many).labels);
  });
});

describe.each(["mixup", "cutmix"])("%s", (name) => {
  const indices = Array.from({ length: 16 }, (_, index) => index);

  it("is the same for the same batch, and another in each epoch and batch", async () => {
    const first = await augmented(name, indices);
    expect(await augmented(name, indices)).toEqual(first);
    expect((await augmented(name, indices, { epoch: 1 })).images).not.toEqual(first.images);
    expect((await augmented(name, indices, { batch: 1 })).images).not.toEqual(first.images);
  });

  it("gives each image the labels of what is in it, and the class of the larger part", async () => {
    const { labels, classes } = await augmented(name, indices);
    expect(labels.some((label) => label > 0.01 && label < 0.99)).toBe(true);
    labels.forEach((label, row) => {
      expect(label).toBeGreaterThanOrEqual(0);
      expect(label).toBeLessThanOrEqual(1);
      if (Math.abs(label - 0.5) > 1e-6) expect(classes[row]).toBe(label > 0.5 ? 1 : 0);
    });
  });
});

it("flips about half of the images, whole", async () => {
  const indices = Array.from({ length: 200 }, (_, index) => index);
  const before = rowsOf(batchOf(indices).images);
  const changed = rowsOf((await augmented("flip", indices)).images).filter((image, row) =>
    image.some((value, i) => value !== before[row][i]),
  );
  expect(changed.length).toBeGreaterThan(70);
  expect(changed.length).toBeLessThan(130);
});

it("makes nothing of nothing", () => {
  expect(createAugment(parseAugmentations("none"), kind, 0)).toBeUndefined();
  expect(createAugment(parseAugmentations(""), kind, 0)).toBeUndefined();
});

describe("parseAugmentations", () => {
  it.each(Object.keys(presets))("knows the preset %s", (name) => {
    expect(parseAugmentations(name).length).toBe(presets[name] === "" ? 0 : presets[name].split(",").length);
  });

  it("keeps the order", () => {
    expect(parseAugmentations(" zoom=0.2 , flip=both,mixup").map(({ className }) => className)).toEqual([
      "RandomZoom",
      "RandomFlip",
      "MixUp",
    ]);
  });

  it.each([
    ["flop", "augment.unknown", /none, light, standard, strong or a list .*rotation.*, found "flop"/],
    ["rotation=2", "augment.bad-value", /Expected rotation=… to be a number above 0, at most 1, found "2"/],
    ["zoom=", "augment.bad-value", /found ""/],
    ["brightness=much", "augment.bad-value", /found "much"/],
    ["flip=sideways", "augment.bad-value", /horizontal, vertical or both, found "sideways"/],
    ["flip,zoom,flip", "augment.twice", /"flip" twice/],
  ])("refuses %s", (text, code, message) => {
    expect(() => parseAugmentations(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
