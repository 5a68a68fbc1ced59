import { describe, expect, it } from "vitest";
import { keepFloats } from "../../src/data/prepare.ts";
import { Gatherer } from "../../src/training/gather.ts";
import type { LabelledImages } from "../../src/training/labelled-images.ts";
import { InputError } from "../../src/util/errors.ts";

const gone = (name: string) => ({
  length: 2,
  fetch: async () => {
    throw new InputError("file.not-found", `${name} is gone`);
  },
});

/** Images of their index and a quarter more, in three classes; those that are named are gone. */
function imagesWithout(count: number, missing: readonly number[]) {
  const told: [number, string][] = [];
  const items = Array.from({ length: count }, (_, index) => ({
    image: missing.includes(index) ? gone(`${index}`) : keepFloats(Float32Array.of(index, index + 0.25)),
    classIndex: index % 3,
  }));
  const onMissing = (index: number, { message }: InputError) => told.push([index, message]);
  return { images: { items, outputs: 3, onMissing }, told };
}

const room = () => new Float32Array(8).fill(9);

/** Fetches and lays batches of the same images. */
function gathererOf(images: LabelledImages) {
  const gatherer = new Gatherer(images);
  return {
    withStandIns: async (indices: number[], own = room()) =>
      gatherer.layInto(own, await gatherer.withStandIns(indices), true),
    withoutMissing: async (indices: number[]) =>
      gatherer.layInto(room(), await gatherer.withoutMissing(indices), true),
  };
}

describe("gathering", () => {
  it("lays the images end to end in the order of the indices, with their labels", async () => {
    const own = room();
    const batch = await gathererOf(imagesWithout(7, []).images).withStandIns([5, 0, 3], own);
    expect(batch.images).toEqual(Float32Array.of(5, 5.25, 0, 0.25, 3, 3.25));
    expect(batch.labels).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 1, 0, 0));
    expect(batch).toMatchObject({ classes: [2, 0, 0], indices: [5, 0, 3] });
    expect(batch.images.buffer).toBe(own.buffer);
  });

  it("waits for images that must be fetched, in whatever order they come", async () => {
    const late = (ms: number, value: number) => ({
      length: 1,
      fetch: async () => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return keepFloats(Float32Array.of(value));
      },
    });
    const items = [late(20, 1), keepFloats(Float32Array.of(2)), late(1, 3)];
    const gatherer = gathererOf({ items: items.map((image) => ({ image, classIndex: 0 })), outputs: 1 });
    const { images } = await gatherer.withStandIns([0, 1, 2], new Float32Array(3));
    expect(images).toEqual(Float32Array.of(1, 2, 3));
  });

  it("puts the next that is there in the place of one that is missing, the same each time, and tells once", async () => {
    const { images, told } = imagesWithout(7, [2, 3, 6]);
    const gatherer = gathererOf(images);
    for (let epoch = 0; epoch < 3; epoch++) {
      const batch = await gatherer.withStandIns([6, 2, 1]);
      expect(batch.images).toEqual(Float32Array.of(0, 0.25, 4, 4.25, 1, 1.25));
      expect(batch).toMatchObject({ classes: [0, 1, 1], indices: [0, 4, 1] });
    }
    expect(told.sort()).toEqual([
      [2, "2 is gone"],
      [3, "3 is gone"],
      [6, "6 is gone"],
    ]);
  });

  it("leaves out what is missing where nothing may stand in for it", async () => {
    const { images, told } = imagesWithout(7, [2, 6]);
    const gatherer = gathererOf(images);
    const batch = await gatherer.withoutMissing([2, 5, 6, 1]);
    expect(batch.images).toEqual(Float32Array.of(5, 5.25, 1, 1.25));
    expect(batch).toMatchObject({ classes: [2, 1], indices: [5, 1] });
    const none = await gatherer.withoutMissing([6, 2]);
    expect([none.images.length, none.labels.length, none.indices]).toEqual([0, 0, []]);
    expect(told).toHaveLength(2);
  });

  it("gives up where nothing is there any more, and takes no bug for a missing photo", async () => {
    const { images } = imagesWithout(300, [...Array(300).keys()]);
    await expect(gathererOf(images).withStandIns([7])).rejects.toMatchObject({
      code: "data.no-images",
      message: "Expected photos that can be read, found none among 100 in a row; of the first: 7 is gone",
    });
    const broken = { length: 2, fetch: () => Promise.reject(new TypeError("a bug")) };
    const gatherer = gathererOf({ items: [{ image: broken, classIndex: 0 }], outputs: 1 });
    await expect(gatherer.withoutMissing([0])).rejects.toThrow(TypeError);
  });
});
