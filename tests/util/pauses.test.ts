import { describe, expect, it } from "vitest";
import { createPauses, type Pieces, withoutPauses, withPauses } from "../../src/util/pauses.ts";

function work(milliseconds: number): void {
  for (const began = performance.now(); performance.now() - began < milliseconds; );
}

function* sums(pieces: number, milliseconds: number): Pieces<number> {
  let sum = 0;
  for (let i = 1; i <= pieces; i++) {
    sum += i;
    work(milliseconds);
    yield;
  }
  return sum;
}

describe("createPauses", () => {
  it("goes on at once while the pieces are short", async () => {
    let others = 0;
    setTimeout(() => others++);
    const pause = createPauses();
    for (let i = 0; i < 100; i++) await pause();
    expect(others).toBe(0);
  });

  it("lets others have a turn after every piece that took long", async () => {
    let others = 0;
    const timer = setInterval(() => others++, 1);
    const pause = createPauses();
    for (let i = 0; i < 5; i++) {
      work(12);
      await pause();
    }
    clearInterval(timer);
    expect(others).toBeGreaterThanOrEqual(4);
  });
});

describe("pieces of work", () => {
  it("give the same with and without pauses", async () => {
    expect(withoutPauses(sums(4, 0))).toBe(10);
    expect(await withPauses(sums(4, 0))).toBe(10);
  });

  it("let others have a turn between them", async () => {
    let others = 0;
    const timer = setInterval(() => others++, 1);
    await withPauses(sums(5, 12));
    clearInterval(timer);
    expect(others).toBeGreaterThanOrEqual(4);
  });
});
