import { describe } from "vitest";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { Backend } from "../../src/core/backend.ts";

/** Every backend that loads on this machine; `reference` comes first and always does. */
export const backends: readonly Backend[] = [referenceBackend];

/** One suite for all backends. */
export function describeEachBackend(title: string, suite: (backend: Backend) => void): void {
  describe.each(backends.map((backend) => [backend.name, backend] as const))(`${title}, %s`, (_, backend) =>
    suite(backend),
  );
}
