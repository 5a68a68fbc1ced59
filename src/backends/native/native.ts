import { availableParallelism } from "node:os";
import type { Backend, Executable, InputArray, Memory } from "../../core/backend.ts";
import type { MemoryBlock } from "../../core/memory.ts";
import type { Program } from "../../core/program.ts";
import { InputError, suggest } from "../../util/errors.ts";
import { checkKernels, chooseThreads } from "../checks.ts";
import { encodeProgram } from "../encode.ts";
import { collectInputs } from "../inputs.ts";
import { insufficientMemory, scratchLacks } from "../refusals.ts";
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
  readonly instructionSet: string;
  /** The instruction sets that this processor can run, best first. */
  readonly instructionSets: readonly string[];
}

/** The C kernels, or why they cannot be had. Throws an `InputError` for options that make no sense. */
export function loadNativeBackend(
  options: NativeOptions = {},
): NativeBackend | { readonly unavailable: string } {
  const addon = loadAddon(options.addonPath);
  if ("unavailable" in addon) return addon;
  checkKernels("the native addon", addon.kernels, "node scripts/build-native.mjs");
  const threads = chooseThreads(options.threads ?? process.env.FOVEA_THREADS, availableParallelism());
  const set = chooseInstructionSet(addon, options.instructionSet ?? process.env.FOVEA_ISA);
  return createBackend(addon, threads, set);
}

function createBackend(addon: Addon, threads: number, set: number): NativeBackend {
  const { name, title } = addon.instructionSets[set];
  return {
    name: "native",
    description: `native, ${title}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    threads,
    instructionSet: name,
    instructionSets: addon.instructionSets.map((each) => each.name),
    allocate: (byteLength) => allocate(addon, byteLength),
    compile: (program) => compile(addon, program, threads, set),
  };
}

function compile(addon: Addon, program: Program, threads: number, set: number): Executable {
  const { words, regionBytes } = encodeProgram(program, addon.kernels);
  const compiled = addon.compile(words, regionBytes, set);
  return {
    run: async (memory, inputs, stateChanged = true) => {
      const regions = collectRegions(program, memory, inputs);
      if (!(await addon.run(compiled, threads, regions, stateChanged))) throw scratchLacks();
    },
    timings: () =>
      [...addon.seconds(compiled)].map((seconds, i) => ({ operation: program.nodes[i].operation, seconds })),
  };
}

function allocate(addon: Addon, byteLength: number): MemoryBlock {
  const buffer = addon.allocate(byteLength);
  if (buffer) return { buffer, byteOffset: 0, byteLength, release: () => addon.discard(buffer) };
  throw insufficientMemory(byteLength);
}

function collectRegions(
  program: Program,
  memory: Memory,
  inputs: Readonly<Record<string, InputArray>>,
): (ArrayBufferLike | InputArray)[] {
  return [memory.state.buffer, memory.work.buffer, ...collectInputs(program, inputs)];
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
