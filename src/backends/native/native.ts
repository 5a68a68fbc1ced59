import { availableParallelism } from "node:os";
import type { Backend, Executable, InputArray, Memory } from "../../core/backend.ts";
import { arrayTypes, type MemoryBlock } from "../../core/memory.ts";
import { operationNames } from "../../core/operations/table.ts";
import type { DType, Program } from "../../core/program.ts";
import { InputError, suggest } from "../../util/errors.ts";
import { elementCount } from "../../util/shapes.ts";
import { encodeProgram } from "../encode.ts";
import { type Addon, loadAddon } from "./addon.ts";

export interface NativeOptions {
  /** 1 to 256; the machine's available cores by default, or the environment's FOVEA_THREADS. */
  readonly threads?: number;
  /** One of `avx512`, `avx2`, `sse2`, `neon`; the processor's best by default, or the environment's FOVEA_ISA. */
  readonly instructionSet?: string;
  /** The compiled addon; the package's own by default. */
  readonly addonPath?: string;
}

export interface NativeBackend extends Backend {
  readonly threads: number;
  readonly instructionSet: string;
  /** The instruction sets that this processor can run, best first. */
  readonly instructionSets: readonly string[];
}

const MAX_THREADS = 256;

/** The C kernels, or why they cannot be had. Throws an `InputError` for options that make no sense. */
export function loadNativeBackend(
  options: NativeOptions = {},
): NativeBackend | { readonly unavailable: string } {
  const addon = loadAddon(options.addonPath);
  if ("unavailable" in addon) return addon;
  checkKernels(addon);
  const threads = chooseThreads(options.threads ?? process.env.FOVEA_THREADS);
  const set = chooseInstructionSet(addon, options.instructionSet ?? process.env.FOVEA_ISA);
  return createBackend(addon, threads, set);
}

function createBackend(addon: Addon, threads: number, set: number): NativeBackend {
  const { name, title } = addon.instructionSets[set];
  const queue = createQueue();
  return {
    name: "native",
    description: `native, ${title}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    threads,
    instructionSet: name,
    instructionSets: addon.instructionSets.map((each) => each.name),
    allocate: (byteLength) => allocate(addon, byteLength),
    compile: (program) => compile(addon, program, threads, set, queue),
  };
}

function compile(
  addon: Addon,
  program: Program,
  threads: number,
  set: number,
  queue: <T>(task: () => Promise<T>) => Promise<T>,
): Executable {
  const { words, regionBytes } = encodeProgram(program, addon.kernels);
  const compiled = addon.compile(words, regionBytes, set);
  return {
    run: async (memory, inputs, stateChanged = true) => {
      const regions = collectRegions(program, memory, inputs);
      const done = await queue(() => addon.run(compiled, threads, regions, stateChanged));
      if (!done)
        throw new InputError("memory.scratch", "Expected memory for an operation's scratch, found none left");
    },
    timings: () =>
      [...addon.seconds(compiled)].map((seconds, i) => ({ operation: program.nodes[i].operation, seconds })),
  };
}

/** One task after another: a run that waits for the pool would hold one of the few threads that read files for Node. */
function createQueue(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}

function allocate(addon: Addon, byteLength: number): MemoryBlock {
  const buffer = addon.allocate(byteLength);
  if (buffer) return { buffer, byteOffset: 0, byteLength };
  const megabytes = Math.ceil(byteLength / 2 ** 20);
  throw new InputError(
    "memory.insufficient",
    `Expected ${megabytes} MB of free memory, found less; a smaller batch or image size needs less`,
  );
}

function collectRegions(
  program: Program,
  memory: Memory,
  inputs: Readonly<Record<string, InputArray>>,
): (ArrayBufferLike | InputArray)[] {
  const arrays = [...program.inputs].map(([name, { dtype, shape }]) =>
    checkInput(name, inputs[name], dtype, elementCount(shape)),
  );
  return [memory.state.buffer, memory.work.buffer, ...arrays];
}

function checkInput(name: string, array: InputArray | undefined, dtype: DType, length: number): InputArray {
  if (array instanceof arrayTypes[dtype] && array.length === length) return array;
  const found = array ? `${array.constructor.name} of ${array.length}` : "nothing";
  throw new Error(
    `Expected input "${name}" to be a ${arrayTypes[dtype].name} of ${length} elements, found ${found}`,
  );
}

/** An addon that was compiled from other sources would fail in the middle of a run. */
function checkKernels(addon: Addon): void {
  const missing = operationNames.filter((name) => !addon.kernels.includes(name));
  if (missing.length === 0) return;
  throw new Error(
    `Expected the native addon to have a kernel for every operation, found none for ${missing.join(", ")}; ` +
      "compile it anew with: node scripts/build-native.mjs",
  );
}

function chooseThreads(wanted: number | string | undefined): number {
  if (wanted === undefined || wanted === "") return Math.min(availableParallelism(), MAX_THREADS);
  const threads = Number(wanted);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads;
  throw new InputError("backend.threads", `Expected 1 to ${MAX_THREADS} threads, found "${wanted}"`);
}

function chooseInstructionSet(addon: Addon, wanted: string | undefined): number {
  if (wanted === undefined || wanted === "") return 0;
  const names = addon.instructionSets.map(({ name }) => name);
  // what every processor of the kind has: sse2 or neon
  const index = wanted === "baseline" ? names.length - 1 : names.indexOf(wanted);
  if (index >= 0) return index;
  throw new InputError(
    "backend.instruction-set",
    `Expected an instruction set that this processor has, found "${wanted}". ${suggest(wanted, names)}`,
  );
}
