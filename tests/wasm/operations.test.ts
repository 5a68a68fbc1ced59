import { afterAll, describe, expect, it } from "vitest";
import { operationNames } from "../../src/core/operations/table.ts";
import { checkOperation } from "../backends/operation-check.ts";
import { prepareOperation, runOperation } from "../backends/operation-run.ts";
import { sameBytes, telling, trainBriefly } from "../backends/same-bits.ts";
import { loadWasm, variants } from "./variants.ts";

describe.each(variants)("wasm operations, %o", async ({ relaxed }) => {
  const someThreads = await Promise.all(
    [1, 2, 3, 8].map((threads) => loadWasm({ threads, relaxed, shared: true })),
  );
  const unshared = await loadWasm({ relaxed, shared: false });
  const [one, two] = someThreads;
  afterAll(() => {
    for (const backend of someThreads) backend.end();
  });

  it("are run by threads over shared memory, and without", () => {
    expect(someThreads.map(({ threads, shared, notice }) => ({ threads, shared, notice }))).toEqual(
      [1, 2, 3, 8].map((threads) => ({ threads, shared: true, notice: undefined })),
    );
    expect(unshared).toMatchObject({ threads: 1, shared: false, relaxed });
  });

  it.each(operationNames)("%s, against reference", (operation) =>
    checkOperation(operation, [one, two, unshared]));

  it.each(operationNames)("%s, the same bits on any number of threads", async (operation) => {
    for (const run of telling(operation).map((one) => prepareOperation(operation, one))) {
      const expected = await runOperation(unshared, run);
      for (const backend of someThreads) {
        const found = await runOperation(backend, run);
        for (const [name, values] of Object.entries(expected))
          expect(sameBytes(found[name], values), `${name} on ${backend.description}`).toBe(true);
      }
    }
  });

  it("three Adam steps of the report's network, the same bits on any number of threads", async () => {
    const expected = await trainBriefly(unshared, 3);
    for (const backend of someThreads) expect(sameBytes(await trainBriefly(backend, 3), expected)).toBe(true);
  });
});
