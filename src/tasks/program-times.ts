import type { Backend, InputArray } from "../core/backend.ts";
import { viewMemory } from "../core/memory.ts";
import type { Model } from "../core/model.ts";
import type { Program } from "../core/program.ts";
import { RandomStream } from "../util/random.ts";
import { elementCount } from "../util/shapes.ts";
import type { Machine } from "./machine.ts";

/** Medians over the runs. */
export interface ProgramTimes {
  readonly runs: number;
  /** From the call to its answer. */
  readonly seconds: number;
  /** Of each operation, in the program's order. */
  readonly operations: readonly number[];
}

interface Budget {
  readonly runs: number;
  readonly leastRuns: number;
  readonly seconds: number;
}

const BUDGET: Budget = { runs: 20, leastRuns: 3, seconds: 5 };
const WARM_RUNS = 2;

/** What is timed, and with which weights. */
export interface TimedProgram {
  readonly backend: Backend;
  readonly program: Program;
  readonly model: Model;
  /** In the order of `model.weights`. */
  readonly weights: readonly Float32Array[];
  /** Of the optimizer, where the program trains. */
  readonly settings?: readonly number[];
}

/** Runs a program on random images until it is known how long it takes. */
export async function timeProgram(
  { clock }: Pick<Machine, "clock">,
  timed: TimedProgram,
  signal?: AbortSignal,
): Promise<ProgramTimes> {
  const { run, release } = prepareRuns(timed);
  const runs: { seconds: number; operations: number[] }[] = [];
  for (let warm = 0; warm < WARM_RUNS; warm++) {
    signal?.throwIfAborted();
    await run();
  }
  const started = clock();
  while (runs.length < BUDGET.runs) {
    signal?.throwIfAborted();
    if (runs.length >= BUDGET.leastRuns && clock() - started > 1000 * BUDGET.seconds) break;
    const asked = clock();
    const operations = await run();
    runs.push({ seconds: (clock() - asked) / 1000, operations });
  }
  release();
  return {
    runs: runs.length,
    seconds: median(runs.map(({ seconds }) => seconds)),
    operations: timed.program.nodes.map((_, index) =>
      median(runs.map(({ operations }) => operations[index])),
    ),
  };
}

/** `run` gives what each operation has taken. Memory is let go by `release`, where the backend can. */
function prepareRuns({ backend, program, model, weights, settings = [] }: TimedProgram) {
  const executable = backend.compile(program);
  const state = backend.allocate(Math.max(program.stateBytes, 64));
  const memory = { state, work: backend.allocate(Math.max(program.workBytes, 64)) };
  model.weights.forEach(({ offset }, index) => {
    const values = weights[index];
    viewMemory(state, "float32", offset * Float32Array.BYTES_PER_ELEMENT, values.length).set(values);
  });
  const inputs = makeInputs(program, settings);
  let before = executable.timings();
  let stateChanged = true;
  const run = async () => {
    await executable.run(memory, inputs, stateChanged);
    stateChanged = program.inputs.has("settings"); // only training writes the state
    const after = executable.timings();
    const taken = after.map(({ seconds }, index) => seconds - before[index].seconds);
    before = after;
    return taken;
  };
  const release = () => {
    for (const block of Object.values(memory)) block.release?.();
  };
  return { run, release };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Images of numbers from 0 to 1, and labels of which one is right. */
function makeInputs(program: Program, settings: readonly number[]): Record<string, InputArray> {
  const random = new RandomStream(1, "bench");
  const makers: Readonly<Record<string, (shape: readonly number[]) => InputArray>> = {
    images: (shape) => Float32Array.from({ length: elementCount(shape) }, () => random.next()),
    labels: ([rows, columns]) =>
      Float32Array.from({ length: rows * columns }, (_, index) => {
        const row = Math.floor(index / columns);
        return columns === 1 ? row % 2 : Number(index % columns === row % columns);
      }),
    settings: () => Float32Array.from(settings),
    random: () => new Uint32Array(4),
  };
  return Object.fromEntries([...program.inputs].map(([name, { shape }]) => [name, makers[name](shape)]));
}
