import { describe, expect, it } from "vitest";
import { batchesOf, epochOrder } from "../../src/data/batch.ts";

describe("epochOrder", () => {
  it("is a permutation", () => {
    expect(epochOrder(157, 1, 0).sort((a, b) => a - b)).toEqual(Array.from({ length: 157 }, (_, i) => i));
  });

  it("depends on seed and epoch and on nothing else", () => {
    expect(epochOrder(50, 7, 3)).toEqual(epochOrder(50, 7, 3));
    expect(epochOrder(50, 7, 3)).not.toEqual(epochOrder(50, 7, 4));
    expect(epochOrder(50, 7, 3)).not.toEqual(epochOrder(50, 8, 3));
  });

  it("takes none and one", () => {
    expect(epochOrder(0, 1, 0)).toEqual([]);
    expect(epochOrder(1, 1, 0)).toEqual([0]);
  });
});

describe("batchesOf", () => {
  it.each([
    [[4, 2, 9, 0, 5], 2, [[4, 2], [9, 0], [5]]],
    [[1, 2], 2, [[1, 2]]],
    [[1, 2], 32, [[1, 2]]],
    [[], 3, []],
  ])("cuts %j by %d", (order, size, batches) => {
    expect([...batchesOf(order, size)]).toEqual(batches);
  });
});
