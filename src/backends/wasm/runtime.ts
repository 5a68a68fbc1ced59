import type { MemoryBlock } from "../../core/memory.ts";
import { createQueue } from "../queue.ts";
import { insufficientMemory } from "../refusals.ts";
import { bytesAt, type Kernels, kernelNames } from "./kernels.ts";
import type { Pool } from "./pool.ts";

/** One linear memory with the kernels that work in it, on workers or on the calling thread. */
export interface Runtime {
  readonly kernels: Kernels;
  /** Programs name kernels by their index here. */
  readonly kernelNames: readonly string[];
  /** Undefined where the calling thread does the work. */
  readonly pool: Pool | undefined;
  /** One run at a time. */
  readonly queue: <T>(task: () => Promise<T>) => Promise<T>;
  /** Where the inputs of a run are copied to; it grows to what the largest needs. */
  inputs?: MemoryBlock;
  /** What must not be collected while a run goes on. */
  inUse?: unknown;
}

/** Workers end with the runtime that they worked for: a process or a page may make many. */
const abandoned = new FinalizationRegistry<Pool>((pool) => pool.end());

/** What a block or a program holds is given back when it is collected. */
const dropped = new FinalizationRegistry<Held>(({ give, address }) => give(address));

interface Held {
  readonly give: (address: number) => void;
  readonly address: number;
}

export function createRuntime(kernels: Kernels, pool: Pool | undefined): Runtime {
  const runtime: Runtime = { kernels, kernelNames: kernelNames(kernels), pool, queue: createQueue() };
  if (pool) abandoned.register(runtime, pool);
  return runtime;
}

/**
 * Gives the address back when `holder` is collected. No closure does that: it would keep alive all that the closures of one
 * function refer to, the holder among it.
 */
export function whenDropped(holder: object, give: (address: number) => void, address: number): void {
  dropped.register(holder, { give, address }, holder);
}

/** @throws InputError `memory.insufficient` */
export function allocateBlock(kernels: Kernels, byteLength: number): MemoryBlock {
  const address = kernels.allocate(byteLength);
  if (!address) throw insufficientMemory(byteLength);
  bytesAt(kernels, address, byteLength); // so that `buffer` reaches as far
  const block: MemoryBlock = {
    get buffer() {
      return kernels.memory.buffer;
    },
    byteOffset: address,
    byteLength,
    release: () => {
      if (dropped.unregister(block)) kernels.release(address);
    },
  };
  whenDropped(block, kernels.release, address);
  return block;
}
