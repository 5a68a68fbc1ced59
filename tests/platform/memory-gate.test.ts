import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryGate } from "../../src/platform/node/memory-gate.ts";

const pause = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("createMemoryGate", () => {
  it("stays within its capacity, lets giants run alone, keeps the order and forgets nobody", async () => {
    const anyWork = fc.array(fc.record({ bytes: fc.nat(150), pauses: fc.nat(4) }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(anyWork, async (works) => {
        const withMemory = createMemoryGate(100);
        const started: number[] = [];
        const running: number[] = [];
        const results = works.map(({ bytes, pauses }, index) =>
          withMemory(bytes, async () => {
            started.push(index);
            running.push(bytes);
            const used = running.reduce((a, b) => a + b);
            expect(used <= 100 || running.filter((other) => other > 0).length === 1).toBe(true);
            for (let i = 0; i < pauses; i++) await pause();
            running.splice(running.indexOf(bytes), 1);
            return index;
          }),
        );
        const order = works.map((_, i) => i);
        expect(await Promise.all(results)).toEqual(order);
        expect(started).toEqual(order);
      }),
    );
  });

  it("runs what fits side by side", async () => {
    const withMemory = createMemoryGate(100);
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await pause();
      running--;
    };
    await Promise.all([withMemory(50, work), withMemory(50, work), withMemory(50, work)]);
    expect(most).toBe(2);
  });

  it("goes on after a failure", async () => {
    const withMemory = createMemoryGate(100);
    const failing = withMemory(100, () => Promise.reject(new Error("no")));
    const next = withMemory(100, async () => "yes");
    await expect(failing).rejects.toThrow("no");
    expect(await next).toBe("yes");
  });
});
