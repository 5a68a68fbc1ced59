import { describe, expect, it } from "vitest";
import { keepFloats } from "../../src/data/prepare.ts";
import { createGather, encodeLabels } from "../../src/training/labelled-images.ts";

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
  it("lays the images end to end in the order of the indices, with their labels", () => {
    const batch = createGather(4)(images, [5, 0, 3]);
    expect(batch.images).toEqual(Float32Array.of(5, 5.25, 5.5, 0, 0.25, 0.5, 3, 3.25, 3.5));
    expect(batch.labels).toEqual(Float32Array.of(0, 0, 1, 1, 0, 0, 1, 0, 0));
    expect(batch.classes).toEqual([2, 0, 0]);
  });

  it("takes the same room again for the next batch", () => {
    const gather = createGather(2);
    const first = gather(images, [1, 2]).images;
    const second = gather(images, [3]).images;
    expect(second).toEqual(Float32Array.of(3, 3.25, 3.5));
    expect(second.buffer).toBe(first.buffer);
  });

  it("gathers for two uses without mixing them", () => {
    const [one, other] = [createGather(2), createGather(2)];
    const first = one(images, [1, 2]);
    const kept = first.images.slice();
    other(images, [3, 4]);
    other(images, [5, 6]);
    other(images, [0, 1]);
    expect(first.images).toEqual(kept);
  });
});
