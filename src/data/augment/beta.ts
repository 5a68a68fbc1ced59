import type { RandomStream } from "../../util/random.ts";

/** Beta(a, b), a share from 0 to 1: two gammas, by their logarithms, since those of small shapes are smaller than any float. */
export function drawBeta(random: RandomStream, a: number, b: number): number {
  const [first, second] = [logOfGamma(random, a), logOfGamma(random, b)];
  return 1 / (1 + Math.exp(second - first));
}

/** Logarithm of a draw from Gamma(shape, 1). Marsaglia and Tsang 2000, "A Simple Method for Generating Gamma Variables". */
function logOfGamma(random: RandomStream, shape: number): number {
  if (shape < 1) return logOfGamma(random, shape + 1) + Math.log(1 - random.next()) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.nextNormal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d * (1 - v + Math.log(v)))
      return Math.log(d * v);
  }
}
