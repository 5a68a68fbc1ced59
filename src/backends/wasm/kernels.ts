import type { WasmInstance, WasmMemory } from "./webassembly.ts";

export type RunArguments = readonly [
  program: number,
  threads: number,
  given: number,
  stateChanged: number,
  first: number,
  end: number,
];

/** What kernels/wasm/*.c export, and the memory that they work in. Addresses are numbers. */
export interface Kernels {
  readonly memory: WasmMemory;
  /** Zeroed, aligned to 64 bytes; 0 when there is no memory. */
  allocate(bytes: number): number;
  release(address: number): void;
  /** For workers that were ended, wherever they were. */
  unlock(): void;
  /** The program's address, or 0 with the address of the reason written to `error`. */
  compile(words: number, count: number, regionBytes: number, regions: number, error: number): number;
  free_program(program: number): void;
  node_seconds(program: number, node: number): number;
  kernel_name(index: number): number;
  /** Nodes [first, end) of a run; 0 when scratch memory lacks. `given` is where the regions' addresses stand. */
  run(...args: RunArguments): number;
}

export function kernelsOf({ exports }: WasmInstance, memory: WasmMemory): Kernels {
  // addresses come as signed numbers
  const unsigned = (name: string) => {
    const call = exports[name] as (...args: readonly number[]) => number;
    return (...args: readonly number[]) => call(...args) >>> 0;
  };
  const { release, unlock, free_program, node_seconds } = exports as unknown as Kernels;
  return {
    memory,
    allocate: unsigned("allocate"),
    release,
    unlock,
    compile: unsigned("compile"),
    free_program,
    node_seconds,
    kernel_name: unsigned("kernel_name"),
    run: unsigned("run"),
  };
}

/** `length` bytes of the memory from `address` on. */
export function bytesAt({ memory }: Kernels, address: number, length: number): Uint8Array {
  if (memory.buffer.byteLength < address + length) memory.grow(0);
  return new Uint8Array(memory.buffer, address, length);
}

/** Text up to its null. */
export function textAt(kernels: Kernels, address: number): string {
  const bytes = new Uint8Array(kernels.memory.buffer, address);
  return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
}

/** The kernels' names in order; programs name them by their index. */
export function kernelNames(kernels: Kernels): string[] {
  const names: string[] = [];
  for (let address = kernels.kernel_name(0); address; address = kernels.kernel_name(names.length))
    names.push(textAt(kernels, address));
  return names;
}
