/** Functions that the kernels import. The text of this one too is part of what workers run, so it stands alone. */
export function hostFunctions() {
  return { exp: Math.exp, log: Math.log, log1p: Math.log1p, now: () => performance.now() };
}
