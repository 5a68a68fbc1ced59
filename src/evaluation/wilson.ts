/** 97.5th percentile of the standard normal: what two-sided 95 % intervals take. */
const Z_95 = 1.959963984540054;

/** A share of cases, with the range in which the true one lies with 95 % confidence. */
export interface Rate {
  /** hits / cases; 0 where there is no case, as Keras has it. */
  readonly value: number;
  readonly hits: number;
  readonly cases: number;
  /** Wilson's score interval (Wilson 1927); [0, 1] where there is no case. */
  readonly interval: readonly [low: number, high: number];
}

export function rate(hits: number, cases: number): Rate {
  return { value: cases === 0 ? 0 : hits / cases, hits, cases, interval: wilsonInterval(hits, cases) };
}

export function wilsonInterval(hits: number, cases: number, z = Z_95): [low: number, high: number] {
  if (cases === 0) return [0, 1];
  const share = hits / cases;
  const scale = 1 + (z * z) / cases;
  const centre = (share + (z * z) / (2 * cases)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / cases + (z * z) / (4 * cases * cases));
  // at the ends the exact bound is 0 or 1, which rounding would miss
  return [hits === 0 ? 0 : centre - half, hits === cases ? 1 : centre + half];
}
