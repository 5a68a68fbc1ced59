import { expect, it } from "vitest";
import { loadAddon } from "../../src/backends/native/addon.ts";
import { changeOneByOne } from "../../src/data/augment/augment-batch.ts";
import type { Change, ImageKind } from "../../src/data/augment/augmentation.ts";
import { augmentations } from "../../src/data/augment/catalogue.ts";
import { parseAugmentations } from "../../src/data/augment/parse.ts";
import { nativeChangeImages } from "../../src/platform/node/augment.ts";
import { RandomStream } from "../../src/util/random.ts";

const addon = loadAddon();
if ("unavailable" in addon) throw new Error(`These tests need the native addon: ${addon.unavailable}`);
const changeImages = nativeChangeImages()!;

const IMAGES = 7;

function noise({ height, width, channels }: ImageKind): Float32Array {
  const random = new RandomStream(1, "pixels");
  return Float32Array.from({ length: IMAGES * height * width * channels }, () => random.nextFloat32());
}

function drawChanges(text: string, kind: ImageKind): (readonly Change[])[] {
  const single = parseAugmentations(text).filter((augmentation) => augmentation.kind === "image");
  return Array.from({ length: IMAGES }, (_, image) => {
    const random = new RandomStream(2, "augment", 0, image);
    return single.flatMap(({ draw }) => draw(random, kind));
  });
}

const kinds: readonly ImageKind[] = [
  { height: 13, width: 11, channels: 3, valueRange: [0, 1] },
  { height: 1, width: 5, channels: 3, valueRange: [-1, 1] },
  { height: 16, width: 33, channels: 1, valueRange: [0, 255] },
  { height: 64, width: 1, channels: 4, valueRange: [0, 1] },
];
const lists = [
  ...Object.keys(augmentations),
  "flip=both",
  "standard",
  "strong",
  "rotation=1",
  "translation=1,zoom=0.9",
];

it.each(
  kinds.flatMap((kind) => lists.map((text) => [text, kind] as const)),
)("%s of %o is bit-equal to the definition", async (text, kind) => {
  const changes = drawChanges(text, kind);
  const [native, defined] = [noise(kind), noise(kind)];
  await Promise.all([changeImages(native, kind, changes), changeOneByOne(defined, kind, changes)]);
  expect(Buffer.compare(Buffer.from(native.buffer), Buffer.from(defined.buffer))).toBe(0);
});

it("does all of the light and standard presets natively", async () => {
  const broken = (changes: readonly Change[]) =>
    changes.map(({ numbers }) => ({
      numbers,
      apply: () => {
        throw new Error("The slow way was taken");
      },
    })) as Change[];
  for (const text of ["light", "standard"]) {
    const changes = drawChanges(text, kinds[0]);
    expect(changes.flat().length).toBeGreaterThan(IMAGES);
    await changeImages(noise(kinds[0]), kinds[0], changes.map(broken));
  }
});

it.each([
  ["an unknown code", [1, 99]],
  ["too few numbers", [1, 1, 0.5]],
  ["too many numbers", [0, 0]],
  ["no count", []],
  ["no number", [Number.NaN, 0]],
])("the addon refuses changes with %s", (_, words) => {
  const images = new Float32Array(2 * 2 * 3);
  expect(() => addon.augment(images, 2, 2, 3, 0, 1, Float64Array.from(words))).toThrow(/Expected images/);
});

it("the addon refuses images that are shorter than their sizes say", () => {
  expect(() => addon.augment(new Float32Array(11), 2, 2, 3, 0, 1, Float64Array.of(0))).toThrow(
    /Expected images/,
  );
  expect(() =>
    addon.augment(new Float32Array(12), 2 ** 30, 2 ** 30, 2 ** 30, 0, 1, Float64Array.of(0)),
  ).toThrow();
});
