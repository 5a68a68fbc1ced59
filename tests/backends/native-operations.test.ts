import { describe, expect, it } from "vitest";
import { loadNativeBackend, type NativeBackend } from "../../src/backends/native/native.ts";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { InputArray } from "../../src/core/backend.ts";
import { type OperationName, operationNames } from "../../src/core/operations/table.ts";
import { operationCases, type Tolerance } from "./operation-cases.ts";
import { type OperationRun, prepareOperation, runOperation } from "./operation-run.ts";

/** The backend on one of the processor's instruction sets. These tests are about it, so that it lacks is a failure. */
function native(options: { threads?: number; instructionSet?: string } = {}): NativeBackend {
  const backend = loadNativeBackend(options);
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend;
}

const instructionSets = native().instructionSets;
const onEach = instructionSets.map((instructionSet) => native({ threads: 2, instructionSet }));

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

async function compare(
  operation: OperationName,
  title: string,
  run: OperationRun,
  tolerance: Tolerance,
): Promise<void> {
  const expected = await runOperation(referenceBackend, run);
  for (const backend of onEach) {
    const found = await runOperation(backend, run);
    for (const [name, values] of Object.entries(expected)) {
      const error = worstError(found[name], values, tolerance);
      expect(error, `${operation}, ${title}: ${name} on ${backend.description}`).toBeLessThanOrEqual(1);
    }
  }
}

describe(`native operations on ${instructionSets.join(", ")}, against reference`, () => {
  it.each(operationNames)("%s", async (operation) => {
    const cases = operationCases[operation];
    expect(cases.length).toBeGreaterThan(0);
    for (const one of cases) {
      await compare(operation, one.title, prepareOperation(operation, one), one.tolerance);
    }
  });
});
