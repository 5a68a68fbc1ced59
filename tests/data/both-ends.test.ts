import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mapFromBothEnds } from "../../src/data/both-ends.ts";

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("mapFromBothEnds", () => {
  it("does everything once, answers in order and keeps to its number", async () => {
    const anySizes = fc.array(fc.nat(5), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(anySizes, fc.integer({ min: 1, max: 5 }), async (sizes, concurrency) => {
        let [running, done] = [0, 0];
        const results = await mapFromBothEnds([...sizes.keys()], sizes, concurrency, async (index) => {
          expect(++running).toBeLessThanOrEqual(concurrency);
          for (let i = 0; i < sizes[index]; i++) await pause();
          running--;
          done++;
          return index;
        });
        expect(results).toEqual([...sizes.keys()]);
        expect(done).toBe(sizes.length);
      }),
    );
  });

  it("goes through the small ones while a large one is at work", async () => {
    const sizes = [1, 100, 2, 90, 3];
    const started: number[] = [];
    let finishLarge = () => {};
    const large = new Promise<void>((resolve) => {
      finishLarge = resolve;
    });
    await mapFromBothEnds(sizes, sizes, 2, async (size) => {
      started.push(size);
      if (size === 100) await large;
      if (size === 3) finishLarge();
    });
    expect(started.slice(0, 4)).toEqual([100, 1, 2, 3]);
  });

  it("stops at the first failure", async () => {
    const started: number[] = [];
    const failing = mapFromBothEnds([1, 2, 3, 4], [1, 2, 3, 4], 1, async (item) => {
      started.push(item);
      if (item === 3) throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(started).toEqual([4, 3]);
  });
});
