import { operationNames } from "../core/operations/table.ts";
import { InputError } from "../util/errors.ts";

const MAX_THREADS = 256;

/**
 * The number of threads that is wanted, which may come as a text; `available` where nobody says.
 * @throws InputError `backend.threads`
 */
export function chooseThreads(wanted: number | string | undefined, available: number): number {
  if (wanted === undefined || wanted === "") return Math.min(available, MAX_THREADS);
  const threads = Number(wanted);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new InputError("backend.threads", `Expected 1 to ${MAX_THREADS} threads, found "${wanted}"`);
}

/** Kernels that were compiled from other sources would fail in the middle of a run. */
export function checkKernels(owner: string, kernels: readonly string[], command: string): void {
  const missing = operationNames.filter((name) => !kernels.includes(name));
  if (missing.length === 0) return;
  throw new Error(
    `Expected ${owner} to have a kernel for every operation, found none for ${missing.join(", ")}; ` +
      `compile it anew with: ${command}`,
  );
}
