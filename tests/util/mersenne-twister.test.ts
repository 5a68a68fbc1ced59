import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { MersenneTwister } from "../../src/util/mersenne-twister.ts";

const golden = JSON.parse(
  readFileSync(new URL("../fixtures/keras-split/splits.json", import.meta.url), "utf8"),
) as { draws: { seed: number; last: number[] }[] };

it.each(golden.draws)("draws NumPy's numbers for seed $seed, past two twists", ({ seed, last }) => {
  const random = new MersenneTwister(seed);
  const numbers = Array.from({ length: 1500 }, () => random.nextUint32());
  expect(numbers.slice(-5)).toEqual(last);
});

it("draws at most what it is told, and all of it", () => {
  const random = new MersenneTwister(5);
  for (const most of [0, 1, 2, 6, 7, 8]) {
    const drawn = new Set(Array.from({ length: 400 }, () => random.nextAtMost(most)));
    expect([...drawn].sort()).toEqual(Array.from({ length: most + 1 }, (_, i) => i));
  }
});
