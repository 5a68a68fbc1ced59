/** Keeps a direction that the pictures say nothing about (an even wall) from running away. */
const DAMPING = 1e-3;

/**
 * Solves symmetric, positive equations by elimination. `equations` holds `unknowns` rows of their coefficients and the right-hand
 * side; what lies left of the diagonal is not read, and all of it is used up. Undefined where there is no one answer.
 */
export function solveSymmetric(equations: Float64Array, unknowns: number): Float64Array | undefined {
  const width = unknowns + 1;
  for (let i = 0; i < unknowns; i++) {
    for (let j = 0; j < i; j++) equations[i * width + j] = equations[j * width + i];
  }
  for (let i = 0; i < unknowns; i++) equations[i * width + i] *= 1 + DAMPING;
  for (let i = 0; i < unknowns; i++) {
    const pivot = equations[i * width + i];
    if (!(pivot > 1e-9)) return undefined;
    for (let j = i + 1; j < unknowns; j++) {
      const factor = equations[j * width + i] / pivot;
      for (let k = i; k < width; k++) equations[j * width + k] -= factor * equations[i * width + k];
    }
  }
  const solution = new Float64Array(unknowns);
  for (let i = unknowns - 1; i >= 0; i--) {
    let rest = equations[i * width + unknowns];
    for (let j = i + 1; j < unknowns; j++) rest -= equations[i * width + j] * solution[j];
    solution[i] = rest / equations[i * width + i];
  }
  return solution;
}
