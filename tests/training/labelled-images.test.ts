import { describe, expect, it } from "vitest";
import { keepFloats } from "../../src/data/prepare.ts";
import { encodeLabels, gather } from "../../src/training/labelled-images.ts";

const images = {
  items: Array.from({ length: 7 }, (_, index) => ({
    image: keepFloats(Float32Array.of(index, index + 0.25, index + 0.5)),
    classIndex: index % 3,
  })),
  outputs: 3,
};

describe("labels", () => {
  it("of two classes are 0 and 1 in one column", () => {
    expect(encodeLabels([0, 1, 1], 1)).toEqual(Float32Array.of(0, 1, 1));
  });

  it("of more are one-hot rows", () => {
    expect(encodeLabels([2, 0], 3)).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0));
  });
});

describe("gathering", () => {
  it("lays the images end to end in the order of the indices, with their labels", async () => {
    const room = new Float32Array(12).fill(9);
    const batch = await gather(images, [5, 0, 3], room);
    expect(batch.images).toEqual(Float32Array.of(5, 5.25, 5.5, 0, 0.25, 0.5, 3, 3.25, 3.5));
    expect(batch.labels).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 1, 0, 0));
    expect(batch.classes).toEqual([2, 0, 0]);
    expect(batch.images.buffer).toBe(room.buffer);
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
    const fetched = { items: items.map((image) => ({ image, classIndex: 0 })), outputs: 1 };
    expect((await gather(fetched, [0, 1, 2], new Float32Array(3))).images).toEqual(Float32Array.of(1, 2, 3));
  });
});
