import { describe, it } from "vitest";
import { loadNativeBackend, type NativeBackend } from "../../src/backends/native/native.ts";
import { operationNames } from "../../src/core/operations/table.ts";
import { checkOperation } from "./operation-check.ts";

/** The backend on one of the processor's instruction sets. These tests are about it, so that it lacks is a failure. */
function native(options: { threads?: number; instructionSet?: string } = {}): NativeBackend {
  const backend = loadNativeBackend(options);
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend;
}

const instructionSets = native().instructionSets;
const onEach = instructionSets.map((instructionSet) => native({ threads: 2, instructionSet }));

describe(`native operations on ${instructionSets.join(", ")}, against reference`, () => {
  it.each(operationNames)("%s", (operation) => checkOperation(operation, onEach));
});
