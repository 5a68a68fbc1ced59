import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadAddon } from "../../src/backends/native/addon.ts";
import { freeMemory } from "../../src/platform/node/collect.ts";

const MEGABYTE = 2 ** 20;
const withAddon = !("unavailable" in loadAddon());

describe("freeMemory", () => {
  it("frees what is old and what nobody holds, before it is done", async () => {
    let rooms: Float32Array[] | undefined = fill();
    await freeMemory();
    await freeMemory(); // now they are old
    const held = process.memoryUsage().arrayBuffers;
    rooms = undefined;
    await freeMemory();
    expect(rooms).toBeUndefined();
    expect(held - process.memoryUsage().arrayBuffers).toBeGreaterThan(35 * MEGABYTE);
  });

  it.runIf(withAddon && process.platform === "linux")("gives its pages to the system", async () => {
    const kept = keepSome(fill());
    const held = residentBytes();
    await freeMemory();
    expect(kept).toHaveLength(10);
    expect(held - residentBytes()).toBeGreaterThan(25 * MEGABYTE);
  });
});

/** 40 MB in pieces that C's allocator puts side by side. */
function fill(): Float32Array[] {
  return Array.from({ length: 400 }, () => new Float32Array(25 * 1024).fill(1));
}

/** So that what is free lies between what is not. */
function keepSome(rooms: readonly Float32Array[]): readonly Float32Array[] {
  return rooms.filter((_, index) => index % 40 === 0);
}

function residentBytes(): number {
  return Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]) * 4096;
}
