import type { Model } from "../core/model.ts";
import { trainingProgram } from "../core/programs.ts";
import type { Compilation } from "../core/session.ts";
import { InputError } from "../util/errors.ts";
import type { Machine } from "./machine.ts";

/**
 * Refuses what cannot fit before it is begun, and says what would.
 * @throws InputError `memory.too-small`
 */
export function checkMemory(
  machine: Pick<Machine, "availableMemory">,
  model: Model,
  { loss, optimizer }: Compilation,
  batchSize: number,
): void {
  const available = machine.availableMemory();
  const needed = (size: number) => {
    const { stateBytes, workBytes } = trainingProgram(model, loss, optimizer, { batchSize: size });
    return stateBytes + workBytes;
  };
  const bytes = needed(batchSize);
  if (bytes <= available) return;
  let fitting = batchSize;
  while (fitting > 1 && needed(fitting) > available) fitting = Math.floor(fitting / 2);
  const advice =
    needed(fitting) <= available ? `--batch-size ${fitting} fits` : "choose a smaller --image-size";
  throw new InputError(
    "memory.too-small",
    `Expected ${gigabytes(bytes)} of memory for batches of ${batchSize}, found ${gigabytes(available)} free; ${advice}`,
  );
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toPrecision(2)} GB`;
