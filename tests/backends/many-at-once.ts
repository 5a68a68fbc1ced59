import { expect } from "vitest";
import type { Backend } from "../../src/core/backend.ts";
import { operationCases } from "./operation-cases.ts";
import { prepareOperation, runOperation } from "./operation-run.ts";

/** Programs that are asked for before others are done give what they give alone. */
export async function checkManyAtOnce(backend: Backend): Promise<void> {
  const runs = (["matmul", "convPool", "softmax"] as const).map((operation) =>
    prepareOperation(operation, operationCases[operation][3]),
  );
  const alone: Awaited<ReturnType<typeof runOperation>>[] = [];
  for (const run of runs) alone.push(await runOperation(backend, run));
  const asked = Array.from({ length: 30 }, (_, i) => i % runs.length);
  const together = await Promise.all(asked.map((which) => runOperation(backend, runs[which])));
  asked.forEach((which, i) => {
    expect(together[i]).toEqual(alone[which]);
  });
}
