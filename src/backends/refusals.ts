import { InputError } from "../util/errors.ts";

/** For memory of this many bytes that cannot be had. */
export function insufficientMemory(byteLength: number): InputError {
  const megabytes = Math.ceil(byteLength / 2 ** 20);
  return new InputError(
    "memory.insufficient",
    `Expected ${megabytes} MB of free memory, found less; a smaller batch or image size needs less`,
  );
}

export function scratchLacks(): InputError {
  return new InputError("memory.scratch", "Expected memory for an operation's scratch, found none left");
}
