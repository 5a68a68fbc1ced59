import type { MemoryBlock } from "./memory.ts";
import type { Program } from "./program.ts";

export type InputArray = Float32Array | Uint8Array | Int32Array | Uint32Array;

/** Memory that a program runs in. Several programs may share both, one run at a time. */
export interface Memory {
  readonly state: MemoryBlock;
  readonly work: MemoryBlock;
}

/** What an operation of a program has taken. */
export interface OperationTime {
  readonly operation: string;
  readonly seconds: number;
}

/** A program made ready by a backend. */
export interface Executable {
  /**
   * Runs the whole program. `inputs` holds an array for each of the program's inputs, of its exact length; they are
   * read in place and must not change until the promise settles. Where the state is as it was when this executable last
   * ran, `stateChanged` may be false: then what was made of the state alone is not made again.
   */
  run(memory: Memory, inputs: Readonly<Record<string, InputArray>>, stateChanged?: boolean): Promise<void>;
  /** For each operation of the program, in its order, over all runs so far. */
  timings(): OperationTime[];
}

/** Something that runs programs. It knows operations, and no layer. */
export interface Backend {
  readonly name: string;
  /** For people: `native, AVX-512, 2 threads`. */
  readonly description: string;
  readonly threads: number;
  /**
   * Zeroed memory, aligned as the backend likes it.
   * @throws InputError `memory.insufficient`
   */
  allocate(byteLength: number): MemoryBlock;
  compile(program: Program): Executable;
}
