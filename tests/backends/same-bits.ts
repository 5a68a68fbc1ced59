import type { Backend } from "../../src/core/backend.ts";
import { lossFor } from "../../src/core/losses.ts";
import { viewMemory } from "../../src/core/memory.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import type { OperationName } from "../../src/core/operations/table.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { trainingProgram } from "../../src/core/programs.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount } from "../../src/util/shapes.ts";
import type { InputCase, OperationCase } from "./operation-case.ts";
import { operationCases } from "./operation-cases.ts";

/** Much faster than `toEqual` on a million numbers. */
export function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    new Uint8Array(buffer, byteOffset, byteLength);
  return Buffer.compare(bytes(a), bytes(b)) === 0;
}

/**
 * The operation's cases with the most input elements, which are cut into several pieces, with inputs that round; of convolutions
 * one of each way of computing them.
 */
export function telling(operation: OperationName): OperationCase[] {
  const size = ({ inputs }: OperationCase) =>
    Object.values(inputs).reduce((total, { shape }) => total + elementCount(shape), 0);
  const largest = (cases: readonly OperationCase[]) =>
    [...cases].sort((a, b) => size(b) - size(a)).slice(0, 1);
  const isWinograd = ({ title }: OperationCase) => title.startsWith("Winograd");
  const cases = operationCases[operation];
  const ways = [cases.filter(isWinograd), cases.filter((one) => !isWinograd(one))];
  return ways.flatMap(largest).map(withFractions);
}

/** Whole numbers add up to the same in any order; fractions do not. */
function withFractions(one: OperationCase): OperationCase {
  const inputs = Object.entries(one.inputs).map(([name, input]): [string, InputCase] => {
    const plain = input.dtype === undefined && "integers" in input.fill;
    return [name, plain ? { ...input, fill: { range: [-1, 1] } } : input];
  });
  return { ...one, inputs: Object.fromEntries(inputs) };
}

/** The whole state after some steps of the report's network with Adam, on 5 random images of 46x46. */
export async function trainBriefly(backend: Backend, steps: number): Promise<Uint8Array> {
  const model = buildModel(reportNetwork([46, 46, 3], 1));
  const program = trainingProgram(model, lossFor(1), createOptimizer("Adam"), { batchSize: 5 });
  const memory = { state: backend.allocate(program.stateBytes), work: backend.allocate(program.workBytes) };
  const state = viewMemory(memory.state, "float32", 0, program.stateBytes / 4);
  initialWeights(model, 1).forEach((values, i) => {
    state.set(values, model.weights[i].offset);
  });
  const random = new RandomStream(1, "images");
  const inputs = {
    images: Float32Array.from({ length: 5 * 46 * 46 * 3 }, () => random.next()),
    labels: Float32Array.of(0, 1, 1, 0, 1),
    settings: Float32Array.of(0.001),
  };
  const executable = backend.compile(program);
  for (let step = 0; step < steps; step++) await executable.run(memory, inputs);
  return viewMemory(memory.state, "uint8", 0, program.stateBytes).slice();
}
