import type { Model } from "../core/model.ts";
import { bytesPerElement } from "../core/program.ts";
import { trainingProgram } from "../core/programs.ts";
import type { Compilation } from "../core/session.ts";
import { InputError } from "../util/errors.ts";
import { elementCount } from "../util/shapes.ts";
import type { Machine } from "./machine.ts";

/**
 * Refuses what cannot fit before it is begun, and says what would.
 * @throws InputError `memory.too-small`
 */
export function checkMemory(
  machine: Pick<Machine, "availableMemory">,
  model: Model,
  compilation: Compilation,
  batchSize: number,
): void {
  const available = machine.availableMemory();
  const fits = (size: number) => bytesOfStep(model, compilation, size) <= available;
  if (fits(batchSize)) return;
  const largest = largestThat(fits, batchSize);
  const advice = largest > 0 ? `--batch-size ${largest} fits` : "choose a smaller --image-size";
  const needed = gigabytes(bytesOfStep(model, compilation, batchSize));
  throw new InputError(
    "memory.too-small",
    `Expected ${needed} of memory for batches of ${batchSize}, found ${gigabytes(available)} free; ${advice}`,
  );
}

/** What a training step holds: the weights with the optimizer's slots, what it works in, the batch and the one that is gathered meanwhile. */
function bytesOfStep(model: Model, { loss, optimizer }: Compilation, batchSize: number): number {
  const program = trainingProgram(model, loss, optimizer, { batchSize });
  const inputs = [...program.inputs.values()].map(
    ({ shape, dtype }) => elementCount(shape) * bytesPerElement[dtype],
  );
  const { stateBytes, workBytes, constantBytes } = program;
  return inputs.reduce((sum, bytes) => sum + 2 * bytes, stateBytes + workBytes + constantBytes);
}

/** The largest number below `tooLarge` that fits, 0 where none does. A larger one never fits where a smaller one does not. */
function largestThat(fits: (size: number) => boolean, tooLarge: number): number {
  let [fitting, failing] = [0, tooLarge];
  while (failing - fitting > 1) {
    const middle = Math.floor((fitting + failing) / 2);
    if (fits(middle)) fitting = middle;
    else failing = middle;
  }
  return fitting;
}

const gigabytes = (bytes: number) => `${Number((bytes / 1e9).toPrecision(2))} GB`;
