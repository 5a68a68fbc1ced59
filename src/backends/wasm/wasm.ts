import type { Backend } from "../../core/backend.ts";
import type { Program } from "../../core/program.ts";
import { checkKernels, chooseThreads } from "../checks.ts";
import { compileProgram, type WasmExecutable } from "./executable.ts";
import { hasRelaxedSimd, hasSimd } from "./features.ts";
import type { WasmHost } from "./host.ts";
import { hostFunctions } from "./host-functions.ts";
import { type Kernels, kernelsOf } from "./kernels.ts";
import { type Pool, startPool } from "./pool.ts";
import { allocateBlock, createRuntime } from "./runtime.ts";
import { unshare } from "./unshare.ts";
import { type WasmMemory, type WasmModule, webAssembly } from "./webassembly.ts";

export interface WasmOptions {
  /** 1 to 256; what the host has by default. Without shared memory it is 1. */
  readonly threads?: number | string;
  /** Relaxed SIMD, whose multiply-adds are rounded once; by default where the host has it. */
  readonly relaxed?: boolean;
  /** Workers over shared memory; by default where the host allows it. Off, the calling thread does the work. */
  readonly shared?: boolean;
}

export interface WasmBackend extends Backend {
  readonly threads: number;
  readonly relaxed: boolean;
  readonly shared: boolean;
  /** One line for the user where it is not the best there is. */
  readonly notice?: string;
  compile(program: Program): WasmExecutable;
  /** Ends the workers at once; without it they end when the backend is collected. */
  end(): void;
}

/** The kernels compiled to WebAssembly, or why they cannot be had. Throws an `InputError` for options that make no sense. */
export async function createWasmBackend(
  host: WasmHost,
  options: WasmOptions = {},
): Promise<WasmBackend | { readonly unavailable: string }> {
  const threads = chooseThreads(options.threads, host.threads);
  if (!hasSimd()) return { unavailable: "the host has no WebAssembly with SIMD" };
  try {
    return await load(host, options, threads);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { unavailable: `its kernels cannot be loaded: ${reason.split("\n")[0]}` };
  }
}

async function load(host: WasmHost, options: WasmOptions, threads: number): Promise<WasmBackend> {
  const relaxed = options.relaxed ?? hasRelaxedSimd();
  const bytes = await host.readKernels(relaxed ? "relaxed" : "simd");
  if (options.shared === false) return createBackend(await loadUnshared(bytes), relaxed);
  if (host.unshared !== undefined) return unshared(bytes, relaxed, host.unshared);
  const { kernels, pool } = await loadShared(host, bytes, threads);
  if (pool.failure === undefined) return createBackend(kernels, relaxed, pool);
  return unshared(bytes, relaxed, `its workers cannot start: ${pool.failure}`);
}

async function unshared(bytes: Uint8Array, relaxed: boolean, reason: string): Promise<WasmBackend> {
  const notice = `The wasm backend works on one thread, the caller's own (${reason})`;
  return { ...createBackend(await loadUnshared(bytes), relaxed), notice };
}

function createBackend(kernels: Kernels, relaxed: boolean, pool?: Pool): WasmBackend {
  const runtime = createRuntime(kernels, pool);
  checkKernels("the WebAssembly module", runtime.kernelNames, "node scripts/build-wasm.mjs");
  const threads = pool?.threads ?? 1;
  return {
    name: "wasm",
    description: `wasm, ${relaxed ? "relaxed " : ""}SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    threads,
    relaxed,
    shared: pool !== undefined,
    allocate: (byteLength) => allocateBlock(kernels, byteLength),
    compile: (program) => compileProgram(runtime, program),
    end: () => pool?.end(),
  };
}

const PAGES = { initial: 16, maximum: 65536 }; // of 64 KB: 4 GB in all
const STACK_BYTES = 256 * 1024;

async function loadShared(
  host: WasmHost,
  bytes: Uint8Array,
  threads: number,
): Promise<{ kernels: Kernels; pool: Pool }> {
  const module = await compile(bytes);
  const { kernels, memory } = await instantiate(module, true);
  const stacks = Array.from({ length: threads }, () => stackEnd(kernels));
  return { kernels, pool: await startPool(host, module, memory, stacks, kernels.unlock) };
}

function stackEnd(kernels: Kernels): number {
  const address = kernels.allocate(STACK_BYTES);
  if (address === 0) throw new Error("there is no memory for the workers' stacks");
  return address + STACK_BYTES;
}

async function loadUnshared(bytes: Uint8Array): Promise<Kernels> {
  return (await instantiate(await compile(unshare(bytes)), false)).kernels;
}

function compile(bytes: Uint8Array): Promise<WasmModule> {
  if (!webAssembly) throw new Error("The host has no WebAssembly");
  return webAssembly.compile(bytes);
}

async function instantiate(module: WasmModule, shared: boolean) {
  if (!webAssembly) throw new Error("The host has no WebAssembly");
  const memory: WasmMemory = new webAssembly.Memory({ ...PAGES, shared });
  const instance = await webAssembly.instantiate(module, { env: { memory }, host: hostFunctions() });
  return { kernels: kernelsOf(instance, memory), memory };
}
