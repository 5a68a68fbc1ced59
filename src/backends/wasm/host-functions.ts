/** Functions that the kernels import. Their text is part of what workers run, so they stand alone, like `live`. */
export function hostFunctions() {
  /** Until the kernels have one of their own. */
  const erfcf = (x: number): number => {
    if (x < 0) return 2 - erfcf(-x);
    if (x < 2) {
      let term = x;
      let sum = x;
      for (let n = 1; n < 60; n++) {
        term *= (-x * x) / n;
        sum += term / (2 * n + 1);
      }
      return 1 - (sum * 2) / Math.sqrt(Math.PI);
    }
    let fraction = x;
    for (let n = 80; n > 0; n--) fraction = x + n / 2 / fraction;
    return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
  };
  return { exp: Math.exp, log: Math.log, log1p: Math.log1p, erfcf, now: () => performance.now() };
}
