import { describe } from "vitest";
import { loadNativeBackend } from "../../src/backends/native/native.ts";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { Backend } from "../../src/core/backend.ts";

/** Every backend that loads on this machine: `reference`, then `native` once for each set of instructions. */
const backends: readonly Backend[] = [referenceBackend, ...nativeBackends()];

/** One suite for all backends. */
export function describeEachBackend(title: string, suite: (backend: Backend) => void): void {
  describe.each(
    backends.map((backend) => [backend.description, backend] as const),
  )(`${title}, %s`, (_, backend) => suite(backend));
}

function nativeBackends(): Backend[] {
  const best = loadNativeBackend();
  if ("unavailable" in best) {
    console.warn(`Tested without the native backend: ${best.unavailable}`);
    return [];
  }
  return best.instructionSets.map((instructionSet) => {
    const backend = loadNativeBackend({ instructionSet });
    if ("unavailable" in backend) throw new Error(backend.unavailable);
    return backend;
  });
}
