import type { Backend, Executable, InputArray, Memory } from "../../src/core/backend.ts";
import { viewMemory } from "../../src/core/memory.ts";
import type { Program, Tensor } from "../../src/core/program.ts";
import { elementCount } from "../../src/util/shapes.ts";

/** A compiled program with memory of its own, for tests that run it several times. */
export interface ProgramRun {
  readonly memory: Memory;
  readonly executable: Executable;
  /** The state as float32: weights, then slots. Tests write here before a run. */
  readonly state: Float32Array;
  /** Runs once and copies every named output. */
  run(inputs: Readonly<Record<string, InputArray>>): Promise<Record<string, Float32Array>>;
}

export function prepareRun(backend: Backend, program: Program): ProgramRun {
  const memory = { state: backend.allocate(program.stateBytes), work: backend.allocate(program.workBytes) };
  const executable = backend.compile(program);
  return {
    memory,
    executable,
    get state() {
      return viewMemory(memory.state, "float32", 0, program.stateBytes / Float32Array.BYTES_PER_ELEMENT);
    },
    async run(inputs) {
      await executable.run(memory, inputs);
      const outputs = [...program.outputs].map(([name, tensor]) => [
        name,
        readTensor(program, memory, inputs, tensor),
      ]);
      return Object.fromEntries(outputs);
    },
  };
}

function readTensor(
  program: Program,
  memory: Memory,
  inputs: Readonly<Record<string, InputArray>>,
  { buffer, offset, shape }: Tensor,
): Float32Array {
  if (buffer.region === "input") {
    const name = [...program.inputs].find(([, input]) => input.buffer === buffer)?.[0];
    return Float32Array.from(inputs[name!]!);
  }
  const byteOffset = buffer.byteOffset + offset * Float32Array.BYTES_PER_ELEMENT;
  if (buffer.region === "constants") throw new Error("Outputs lie where the caller can read them");
  return viewMemory(memory[buffer.region], "float32", byteOffset, elementCount(shape)).slice();
}
