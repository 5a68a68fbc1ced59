import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lossFor } from "../../src/core/losses.ts";
import { viewMemory } from "../../src/core/memory.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { planMemory } from "../../src/core/plan.ts";
import {
  type Buffer,
  bytesPerElement,
  type Program,
  type ProgramNode,
  type Tensor,
} from "../../src/core/program.ts";
import { inferenceProgram, trainingProgram } from "../../src/core/programs.ts";
import { newTensor, type Recording } from "../../src/core/recorder.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount, roundUp } from "../../src/util/shapes.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { sequence } from "../support/networks.ts";
import { prepareRun } from "../support/run-program.ts";

const MB = 1e6;
/** Bytes of a cache line: no two buffers share one. */
const LINE = 64;

interface RandomNode {
  /** Lengths in bytes of the buffers that the node writes. */
  readonly sizes: readonly number[];
  /** Which earlier tensors it reads, as shares of their number. */
  readonly reads: readonly number[];
  readonly kept: boolean;
}

const randomNodes: fc.Arbitrary<RandomNode[]> = fc.array(
  fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 2 }),
    reads: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 3 }),
    kept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

describe("planMemory", () => {
  it("keeps apart what lives at the same time, on cache lines, within the region", () => {
    fc.assert(
      fc.property(randomNodes, (described) => {
        const recording = randomRecording(described);
        const program = planMemory(recording);
        expect(misplaced(program)).toEqual([]);
        const { peak, total } = liveBytes(program);
        expect(program.workBytes).toBeGreaterThanOrEqual(peak);
        expect(program.workBytes).toBeLessThanOrEqual(total);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("uses memory again once its reader is done", () => {
    const chain = Array.from(
      { length: 20 },
      (): RandomNode => ({ sizes: [640], reads: [0.999], kept: false }),
    );
    expect(planMemory(randomRecording(chain)).workBytes).toBe(2 * 640);
  });

  it("keeps what the caller reads to the end", () => {
    const nodes: RandomNode[] = [
      { sizes: [64], reads: [], kept: true },
      ...Array.from({ length: 3 }, (): RandomNode => ({ sizes: [64], reads: [], kept: false })),
    ];
    const { nodes: planned } = planMemory(randomRecording(nodes));
    const [first, ...others] = planned.map(({ outputs }) => outputs[0]!.buffer.byteOffset);
    expect(others).not.toContain(first);
  });

  it("moves neither state nor inputs", () => {
    const model = buildModel(reportNetwork([30, 30, 3], 1));
    const program = training(model, 2);
    for (const { buffer } of [...program.inputs.values()]) expect(buffer.byteOffset).toBe(0);
    for (const { buffer } of tensorsOf(program)) {
      if (buffer.region === "state") expect(buffer.byteOffset).toBe(0);
    }
  });
});

it("uses the part of a buffer that is written late for what is done with before", () => {
  const early = newTensor("work", [640], "uint8");
  const all = newTensor("work", [1280], "uint8");
  const part = (offset: number): Tensor => ({ ...all, offset, shape: [640] });
  const made = newTensor("work", [1], "uint8");
  const node = (inputs: Tensor[], outputs: Tensor[]): ProgramNode => ({
    operation: "add",
    inputs,
    outputs,
    attributes: {},
  });
  const nodes = [node([], [early]), node([early], [part(0)]), node([], [part(640)]), node([all], [made])];
  const program = planMemory({ nodes, inputs: new Map(), outputs: new Map(), stateBytes: 0 });
  expect(misplaced(program)).toEqual([]);
  expect(program.workBytes).toBe(1280 + 64);
});

describe("the report's network at 256x256 and 32 images", () => {
  const model = buildModel(reportNetwork([256, 256, 3], 1));

  it.each([
    ["training", training(model, 32), 66 * MB],
    ["inference", inferenceProgram(model, { batchSize: 32 }), 60 * MB],
  ] as const)("plans a %s step without overlaps, near the least that could do", (_, program, limit) => {
    expect(misplaced(program)).toEqual([]);
    const { peak } = liveBytes(program);
    expect(program.workBytes).toBeLessThan(limit);
    expect(program.workBytes).toBeLessThan(1.1 * peak);
  });
});

describeEachBackend("a planned step", (backend) => {
  it("reads nothing of the work memory that it has not written", async () => {
    const model = buildModel(
      sequence(
        [9, 8, 2],
        ["Conv2D", { filters: 3, kernelSize: 3, activation: "relu", padding: "same" }],
        ["MaxPooling2D", { padding: "same" }],
        ["Conv2D", { filters: 4, kernelSize: 2, activation: "elu", useBias: false }],
        ["AveragePooling2D", { poolSize: 2, strides: 1 }],
        ["Dropout", { rate: 0.4 }],
        ["Flatten"],
        ["Dense", { units: 5, activation: "relu" }],
        ["Dense", { units: 3, activation: "softmax" }],
      ),
    );
    const program = training(model, 3);
    const run = prepareRun(backend, program);
    const inputs = Object.fromEntries(
      [...program.inputs].map(([name, tensor]) => [name, inputOf(name, tensor)]),
    );
    const results = [];
    // bytes of 255 are NaN as float32 and -1 or more than any place in a window as an integer
    for (const byte of [0, 255]) {
      viewMemory(run.memory.work, "uint8", 0, program.workBytes).fill(byte);
      run.state.fill(0);
      initialWeights(model, 1).forEach((values, i) => {
        run.state.set(values, model.weights[i]!.offset);
      });
      const outputs = await run.run(inputs);
      const weights = model.weights.map(({ shape, offset }) =>
        run.state.slice(offset, offset + elementCount(shape)),
      );
      results.push({ outputs, weights });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]!.weights.flatMap((values) => [...values]).every(Number.isFinite)).toBe(true);
  });
});

function training(model: ReturnType<typeof buildModel>, batchSize: number): Program {
  return trainingProgram(model, lossFor(model.outputShape[0]!), createOptimizer("Adam"), { batchSize });
}

function inputOf(name: string, { shape, dtype }: Tensor): Float32Array | Uint32Array {
  if (dtype === "uint32") return Uint32Array.of(1, 2, 3, 4);
  if (name === "settings") return Float32Array.of(0.01);
  const random = new RandomStream(1, name);
  return Float32Array.from({ length: elementCount(shape) }, () => random.next());
}

/** Nodes that read what earlier ones wrote; what they compute does not matter to the plan. */
function randomRecording(described: readonly RandomNode[]): Recording {
  const written: Tensor[] = [];
  const outputs = new Map<string, Tensor>();
  const nodes = described.map(({ sizes, reads, kept }, index): ProgramNode => {
    const inputs = written.length ? reads.map((share) => written[Math.floor(share * written.length)]!) : [];
    const made = sizes.map((size) => newTensor("work", [size], "uint8"));
    written.push(...made);
    if (kept) outputs.set(`kept ${index}`, made[0]!);
    return { operation: "add", inputs, outputs: made, attributes: {} };
  });
  return { nodes, inputs: new Map(), outputs, stateBytes: 0 };
}

/** What is wrong with the places of the work buffers: what a node reads must be what was written there last. */
function misplaced(program: Program): string[] {
  const problems = [...livesOf(program).keys()].flatMap(({ byteOffset, byteLength }) => [
    ...(byteOffset % LINE === 0 && byteOffset >= 0 ? [] : [`offset ${byteOffset}`]),
    ...(byteOffset + byteLength <= program.workBytes ? [] : [`${byteOffset} + ${byteLength} is outside`]),
  ]);
  const writers = new Array<Buffer | undefined>(Math.ceil(program.workBytes / LINE));
  const linesOf = ({ buffer, offset, shape, dtype }: Tensor): [from: number, to: number] => {
    const start = buffer.byteOffset + offset * bytesPerElement[dtype];
    return [
      Math.floor(start / LINE),
      Math.ceil((start + elementCount(shape) * bytesPerElement[dtype]) / LINE),
    ];
  };
  const inWork = (tensors: Iterable<Tensor>) => [...tensors].filter(({ buffer }) => buffer.region === "work");
  const check = (tensors: Iterable<Tensor>, reader: string) => {
    for (const tensor of inWork(tensors)) {
      const [from, to] = linesOf(tensor);
      for (let line = from; line < to; line++) {
        if (writers[line] !== tensor.buffer) problems.push(`${reader} reads another's line ${line}`);
      }
    }
  };
  program.nodes.forEach(({ operation, inputs, outputs }, index) => {
    for (const tensor of inWork(outputs)) writers.fill(tensor.buffer, ...linesOf(tensor));
    check(inputs, `${index} ${operation}`);
  });
  check(program.outputs.values(), "the caller");
  return problems;
}

/** The most bytes that live at one time, the least that any plan could do with; and all buffers side by side. */
function liveBytes(program: Program): { peak: number; total: number } {
  const lives = [...livesOf(program)];
  const bytes = (buffer: Buffer) => roundUp(buffer.byteLength, 64);
  const sum = (buffers: readonly Buffer[]) => buffers.reduce((total, buffer) => total + bytes(buffer), 0);
  const at = program.nodes.map((_, index) =>
    sum(lives.filter(([, { first, last }]) => first <= index && index <= last).map(([buffer]) => buffer)),
  );
  return { peak: Math.max(...at), total: sum(lives.map(([buffer]) => buffer)) };
}

function livesOf(program: Program): Map<Buffer, { first: number; last: number }> {
  const lives = new Map<Buffer, { first: number; last: number }>();
  const touch = ({ buffer }: Tensor, index: number) => {
    if (buffer.region !== "work") return;
    lives.set(buffer, { first: lives.get(buffer)?.first ?? index, last: index });
  };
  program.nodes.forEach(({ inputs, outputs }, index) => {
    for (const tensor of [...inputs, ...outputs]) touch(tensor, index);
  });
  for (const tensor of program.outputs.values()) touch(tensor, program.nodes.length);
  return lives;
}

function tensorsOf({ nodes }: Program): Tensor[] {
  return nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
}
