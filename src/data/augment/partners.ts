import type { RandomStream } from "../../util/random.ts";

/** For each image of a batch another one, or itself: a permutation. */
export function drawPartners(random: RandomStream, batchSize: number): number[] {
  return random.shuffled(Array.from({ length: batchSize }, (_, row) => row));
}
