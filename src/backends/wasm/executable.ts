import type { Executable, InputArray, Memory } from "../../core/backend.ts";
import type { MemoryBlock } from "../../core/memory.ts";
import type { Program } from "../../core/program.ts";
import { roundUp } from "../../util/shapes.ts";
import { encodeProgram } from "../encode.ts";
import { collectInputs } from "../inputs.ts";
import { scratchLacks } from "../refusals.ts";
import { bytesAt, type Kernels, textAt } from "./kernels.ts";
import { allocateBlock, type Runtime, whenDropped } from "./runtime.ts";

export interface WasmExecutable extends Executable {
  /** Seconds that each operation of the program has taken over all runs, in the program's order. */
  timings(): { operation: string; seconds: number }[];
}

const ALIGNMENT = 64;

export function compileProgram(runtime: Runtime, program: Program): WasmExecutable {
  const { kernels } = runtime;
  const address = readProgram(kernels, program, runtime.kernelNames);
  const executable: WasmExecutable = {
    run: (memory, inputs, stateChanged = true) => {
      const arrays = collectInputs(program, inputs);
      checkMemory(program, memory);
      return runtime.queue(async () => {
        runtime.inUse = [executable, memory];
        const places = [memory.state.byteOffset, memory.work.byteOffset, ...copyInputs(runtime, arrays)];
        const done = await run(runtime, address, places, stateChanged, program.nodes.length).finally(() => {
          runtime.inUse = undefined;
        });
        if (!done) throw scratchLacks();
      });
    },
    timings: () =>
      program.nodes.map(({ operation }, i) => ({ operation, seconds: kernels.node_seconds(address, i) })),
  };
  whenDropped(executable, kernels.free_program, address);
  return executable;
}

async function run(
  { kernels, pool }: Runtime,
  program: number,
  places: readonly number[],
  stateChanged: boolean,
  nodes: number,
): Promise<boolean> {
  const given = write(kernels, Uint32Array.from(places));
  const changed = Number(stateChanged);
  try {
    if (pool && pool.failure === undefined)
      return await pool.run([program, pool.threads, given, changed, 0, nodes]);
    return await runInParts(nodes, (node) => kernels.run(program, 1, given, changed, node, node + 1) !== 0);
  } finally {
    kernels.release(given);
  }
}

const TURN_MS = 10;

/** On the calling thread: the event loop gets a turn between operations, when they have taken a while. */
async function runInParts(nodes: number, runNode: (node: number) => boolean): Promise<boolean> {
  let turn = performance.now();
  for (let node = 0; node < nodes; node++) {
    if (!runNode(node)) return false;
    if (performance.now() - turn < TURN_MS) continue;
    await new Promise((next) => setTimeout(next, 0));
    turn = performance.now();
  }
  return true;
}

/** Copies arrays into memory that the next run overwrites; their addresses. */
function copyInputs(runtime: Runtime, arrays: readonly InputArray[]): number[] {
  const lengths = arrays.map(({ byteLength }) => roundUp(byteLength, ALIGNMENT));
  const room = makeRoom(
    runtime,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  let place = room.byteOffset;
  return arrays.map((array, i) => {
    const address = place;
    place += lengths[i];
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    bytesAt(runtime.kernels, address, array.byteLength).set(bytes);
    return address;
  });
}

function makeRoom(runtime: Runtime, byteLength: number): MemoryBlock {
  if (runtime.inputs && runtime.inputs.byteLength >= byteLength) return runtime.inputs;
  runtime.inputs?.release?.();
  runtime.inputs = allocateBlock(runtime.kernels, byteLength);
  return runtime.inputs;
}

function checkMemory(program: Program, { state, work }: Memory): void {
  if (state.byteLength >= program.stateBytes && work.byteLength >= program.workBytes) return;
  throw new Error("Expected memory for each region of the program, as long as it needs");
}

/** The address of the program in the kernels' memory. */
function readProgram(kernels: Kernels, program: Program, names: readonly string[]): number {
  const { words, regionBytes } = encodeProgram(program, names);
  const given = [write(kernels, words), write(kernels, regionBytes), write(kernels, new Uint32Array(1))];
  const [wordsAt, bytesOfRegions, error] = given;
  const address = kernels.compile(wordsAt, words.length, bytesOfRegions, regionBytes.length, error);
  const reason = new DataView(kernels.memory.buffer).getUint32(error, true);
  for (const block of given) kernels.release(block);
  if (address) return address;
  throw new Error(textAt(kernels, reason));
}

/** Copies an array into memory of its own; its address. */
function write(kernels: Kernels, array: Float64Array | Uint32Array): number {
  const address = kernels.allocate(array.byteLength);
  if (!address) throw scratchLacks();
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  bytesAt(kernels, address, array.byteLength).set(bytes);
  return address;
}
