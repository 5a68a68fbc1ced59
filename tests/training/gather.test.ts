import { describe, expect, it } from "vitest";
import { keepFloats } from "../../src/data/prepare.ts";
import { Gatherer } from "../../src/training/gather.ts";
import { InputError } from "../../src/util/errors.ts";

const gone = (name: string) => ({
  length: 2,
  copyTo: async (target: Float32Array) => {
    target.fill(-1); // what has been written before it failed must not be seen
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

describe("gathering", () => {
  it("lays the images end to end in the order of the indices, with their labels", async () => {
    const own = room();
    const batch = await new Gatherer(imagesWithout(7, []).images).withStandIns([5, 0, 3], own);
    expect(batch.images).toEqual(Float32Array.of(5, 5.25, 0, 0.25, 3, 3.25));
    expect(batch.labels).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 1, 0, 0));
    expect(batch).toMatchObject({ classes: [2, 0, 0], indices: [5, 0, 3] });
    expect(batch.images.buffer).toBe(own.buffer);
  });

  it("waits for images that must be fetched, in whatever order they come", async () => {
    const late = (ms: number, value: number) => ({
      length: 1,
      copyTo: async (target: Float32Array) => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        target[0] = value;
      },
    });
    const items = [late(20, 1), keepFloats(Float32Array.of(2)), late(1, 3)];
    const gatherer = new Gatherer({ items: items.map((image) => ({ image, classIndex: 0 })), outputs: 1 });
    const { images } = await gatherer.withStandIns([0, 1, 2], new Float32Array(3));
    expect(images).toEqual(Float32Array.of(1, 2, 3));
  });

  it("puts the next that is there in the place of one that is missing, the same each time, and tells once", async () => {
    const { images, told } = imagesWithout(7, [2, 3, 6]);
    const gatherer = new Gatherer(images);
    for (let epoch = 0; epoch < 3; epoch++) {
      const batch = await gatherer.withStandIns([6, 2, 1], room());
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
    const gatherer = new Gatherer(images);
    const batch = await gatherer.withoutMissing([2, 5, 6, 1], room());
    expect(batch.images).toEqual(Float32Array.of(5, 5.25, 1, 1.25));
    expect(batch).toMatchObject({ classes: [2, 1], indices: [5, 1] });
    const none = await gatherer.withoutMissing([6, 2], room());
    expect([none.images.length, none.labels.length, none.indices]).toEqual([0, 0, []]);
    expect(told).toHaveLength(2);
  });

  it("gives up where nothing is there any more, and takes no bug for a missing photo", async () => {
    const { images } = imagesWithout(300, [...Array(300).keys()]);
    await expect(new Gatherer(images).withStandIns([7], room())).rejects.toMatchObject({
      code: "data.no-images",
      message: "Expected photos that can be read, found none among 100 in a row; of the first: 7 is gone",
    });
    const broken = { length: 2, copyTo: () => Promise.reject(new TypeError("a bug")) };
    const gatherer = new Gatherer({ items: [{ image: broken, classIndex: 0 }], outputs: 1 });
    await expect(gatherer.withoutMissing([0], room())).rejects.toThrow(TypeError);
  });
});
