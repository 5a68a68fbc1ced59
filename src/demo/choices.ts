import type { RandomStream } from "../util/random.ts";

/** Uniform in [low, high). */
export function between(stream: RandomStream, low: number, high: number): number {
  return low + (high - low) * stream.next();
}

export function chance(stream: RandomStream, probability: number): boolean {
  return stream.next() < probability;
}

export function pick<T>(stream: RandomStream, items: readonly T[]): T {
  return items[stream.nextInteger(items.length)];
}

/** -1 or 1. */
export function pickSide(stream: RandomStream): number {
  return chance(stream, 0.5) ? 1 : -1;
}

/** `count` values of `make`, joined into one string of SVG. */
export function several(count: number, make: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => make(index)).join("");
}
