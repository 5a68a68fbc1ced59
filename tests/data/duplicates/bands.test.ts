import { expect, it } from "vitest";
import { type BandIndex, createBandIndex } from "../../../src/data/duplicates/bands.ts";
import { RandomStream } from "../../../src/util/random.ts";

const random = new RandomStream(7, "codes", 0);
const randomCodes = (count: number) => Uint32Array.from({ length: 2 * count }, () => random.nextUint32());
const around = (index: BandIndex, codes: Uint32Array, i: number) => {
  const visited: number[] = [];
  index.search(codes[2 * i], codes[2 * i + 1], (item) => visited.push(item));
  return { found: new Set(visited), visits: visited.length };
};

it("finds the code itself, and one that differs in few bits", () => {
  const codes = randomCodes(2000);
  for (let i = 0; i < 200; i++) {
    codes[2 * (i + 1000)] = codes[2 * i] ^ (1 << (i % 32));
    codes[2 * (i + 1000) + 1] = codes[2 * i + 1] ^ 1;
  }
  const index = createBandIndex(codes);
  let both = 0;
  for (let i = 0; i < 200; i++) {
    const { found } = around(index, codes, i);
    expect(found.has(i)).toBe(true);
    if (found.has(i + 1000)) both++;
  }
  expect(both).toBeGreaterThanOrEqual(190);
});

it("visits no more where there are ten times as many codes", () => {
  const visitsOf = (count: number) => {
    const codes = randomCodes(count);
    const index = createBandIndex(codes);
    let visits = 0;
    for (let i = 0; i < 300; i++) visits += around(index, codes, i).visits;
    return visits / 300;
  };
  const [few, many] = [visitsOf(2000), visitsOf(20_000)];
  expect(few).toBeLessThan(18); // 6 bands of about one, and itself
  expect(many).toBeLessThan(18);
});

it("passes over most of a crowded bucket, but not over the next", () => {
  const codes = new Uint32Array(2 * 10_000);
  const { found, visits } = around(createBandIndex(codes), codes, 0);
  expect(visits).toBeLessThanOrEqual(6 * 64);
  expect(found.size).toBeGreaterThan(1);
});
