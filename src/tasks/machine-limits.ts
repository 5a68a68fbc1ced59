import type { Backend } from "../core/backend.ts";
import { viewMemory } from "../core/memory.ts";
import { CHAIN_LANES, multiplyAddChains, triad } from "../core/operations/machine.ts";
import { planMemory } from "../core/plan.ts";
import type { Program } from "../core/program.ts";
import { Recorder } from "../core/recorder.ts";
import type { MachineLimits } from "../core/roofline.ts";

/** Runs of which the best counts: a limit is what can be reached. */
const RUNS = 10;
const CHAIN_SECONDS = 0.02;
const FIRST_REPEATS = 200;
/** So many rows for each thread that none waits long for the last one. */
const ROWS_PER_THREAD = 8;
/** Of each of the three arrays: more than caches hold. TypeScript loops take 1 s for that, so they get a fraction. */
const ARRAY_FLOATS = { compiled: 2 ** 25, reference: 2 ** 20 };

/** What the machine can do on this backend's threads. */
export async function measureLimits(backend: Backend, signal?: AbortSignal): Promise<MachineLimits> {
  return { flops: await measureFlops(backend, signal), bandwidth: await measureBandwidth(backend, signal) };
}

async function measureFlops(backend: Backend, signal: AbortSignal | undefined): Promise<number> {
  const rows = ROWS_PER_THREAD * backend.threads;
  const once = (repeats: number) => bestSeconds(backend, chainsProgram(rows, repeats), 1, signal);
  const repeats = Math.ceil((FIRST_REPEATS * CHAIN_SECONDS) / (await once(FIRST_REPEATS)));
  const seconds = await bestSeconds(backend, chainsProgram(rows, repeats), RUNS, signal);
  return (2 * rows * CHAIN_LANES * repeats) / seconds;
}

/** The better of writing through the caches and past them. */
async function measureBandwidth(backend: Backend, signal: AbortSignal | undefined): Promise<number> {
  const floats = ARRAY_FLOATS[backend.name === "reference" ? "reference" : "compiled"];
  const program = triadProgram(floats);
  const seconds = await bestSeconds(backend, program, RUNS, signal);
  return (3 * floats * Float32Array.BYTES_PER_ELEMENT) / seconds;
}

/** y = y / 2 + 1 comes to 2 and stays there: never a number that the processor is slow with. */
function chainsProgram(rows: number, repeats: number): Program {
  const recorder = new Recorder(0);
  const x = recorder.work([rows, CHAIN_LANES]);
  const { y } = recorder.apply(multiplyAddChains, { x }, { repeats, factor: 0.5, term: 1 });
  recorder.output("y", y);
  return planMemory(recorder.finish());
}

function triadProgram(floats: number): Program {
  const recorder = new Recorder(2 * floats * Float32Array.BYTES_PER_ELEMENT);
  const [a, b] = [0, floats].map((offset) => recorder.state([floats], offset));
  const y = recorder.work([floats]);
  for (const streaming of [0, 1]) recorder.apply(triad, { a, b }, { factor: 3, streaming }, { y });
  recorder.output("y", y);
  return planMemory(recorder.finish());
}

/** Of the program's fastest operation in its fastest run. */
async function bestSeconds(
  backend: Backend,
  program: Program,
  runs: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const executable = backend.compile(program);
  const state = backend.allocate(Math.max(program.stateBytes, 64));
  const memory = { state, work: backend.allocate(program.workBytes) };
  // pages that were never written are all one page of zeros, which lies in the cache
  viewMemory(state, "float32", 0, state.byteLength / Float32Array.BYTES_PER_ELEMENT).fill(1);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs + 1; run++) {
    signal?.throwIfAborted();
    const before = executable.timings();
    await executable.run(memory, {});
    const taken = executable.timings().map(({ seconds }, index) => seconds - before[index].seconds);
    if (run > 0) best = Math.min(best, ...taken);
  }
  for (const block of Object.values(memory)) block.release?.();
  return best;
}
