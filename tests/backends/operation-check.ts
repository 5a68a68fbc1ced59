import { expect } from "vitest";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { Backend, InputArray } from "../../src/core/backend.ts";
import type { OperationName } from "../../src/core/operations/table.ts";
import type { Tolerance } from "./operation-case.ts";
import { operationCases } from "./operation-cases.ts";
import { prepareOperation, runOperation } from "./operation-run.ts";

/** Runs every case of an operation on the backends and holds what they give against `reference`. */
export async function checkOperation(operation: OperationName, backends: readonly Backend[]): Promise<void> {
  const cases = operationCases[operation];
  expect(cases.length).toBeGreaterThan(0);
  for (const one of cases) {
    const run = prepareOperation(operation, one);
    const expected = await runOperation(referenceBackend, run);
    for (const backend of backends) {
      const found = await runOperation(backend, run);
      for (const [name, values] of Object.entries(expected)) {
        const error = worstError(found[name], values, one.tolerance);
        const where = `${operation}, ${one.title}: ${name} on ${backend.description}`;
        expect(error, where).toBeLessThanOrEqual(1);
      }
    }
  }
}

/** How far off the worst element is, in units of what is allowed; more than 1 is too far. */
function worstError(found: InputArray, expected: InputArray, { relative, absolute }: Tolerance): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (found[i] === expected[i]) continue;
    const allowed = absolute + relative * Math.abs(expected[i]);
    const error = Math.abs(found[i] - expected[i]) / allowed;
    worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : Math.max(worst, error);
  }
  return worst;
}
