import { RandomStream } from "../util/random.ts";

/** The order in which an epoch meets the training images: a permutation of 0..count-1, new in each epoch. */
export function epochOrder(count: number, seed: number, epoch: number): number[] {
  return new RandomStream(seed, "shuffle", epoch).shuffled(Array.from({ length: count }, (_, i) => i));
}

/** Cuts an order into batches; the last one is smaller where the size does not divide the count. */
export function* batchesOf(order: readonly number[], batchSize: number): Generator<readonly number[]> {
  for (let from = 0; from < order.length; from += batchSize) yield order.slice(from, from + batchSize);
}
