import type { Backend, InputArray } from "../../src/core/backend.ts";
import { arrayTypes, viewMemory } from "../../src/core/memory.ts";
import { type OperationName, operations } from "../../src/core/operations/table.ts";
import { planMemory } from "../../src/core/plan.ts";
import { bytesPerElement, type DType, type Program, type Tensor } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount } from "../../src/util/shapes.ts";
import type { InputCase, OperationCase } from "./operation-case.ts";

/** A program that is one call of an operation. */
export interface OperationRun {
  readonly program: Program;
  readonly inputs: Readonly<Record<string, InputArray>>;
}

export function prepareOperation(name: OperationName, one: OperationCase): OperationRun {
  const inputs = Object.entries(one.inputs).map(([key, input]) => [key, fillInput(input, one, key)]);
  return { program: recordOperation(name, one), inputs: Object.fromEntries(inputs) };
}

export function recordOperation(
  name: OperationName,
  one: Pick<OperationCase, "inputs" | "attributes">,
): Program {
  const recorder = new Recorder(0);
  const operation = operations[name];
  const tensors: Record<string, Tensor> = {};
  for (const [key, { shape, dtype }] of Object.entries(one.inputs))
    tensors[key] = recorder.input(key, shape, dtype);
  // the operations' types differ in the names of inputs and attributes, which the table of cases gives at random
  const outputs = recorder.apply(operation as never, tensors as never, one.attributes as never);
  for (const [key, tensor] of Object.entries(outputs as Record<string, Tensor>)) recorder.output(key, tensor);
  return planMemory(recorder.finish());
}

/** Runs the program and copies its outputs. */
export async function runOperation(
  backend: Backend,
  { program, inputs }: OperationRun,
): Promise<Record<string, InputArray>> {
  const memory = { state: backend.allocate(64), work: backend.allocate(program.workBytes) };
  viewMemory(memory.work, "uint8", 0, program.workBytes).fill(0x7f); // what a kernel leaves unwritten, or reads before it is written, shows
  await backend.compile(program).run(memory, inputs);
  const outputs = [...program.outputs].map(([name, { buffer, offset, dtype, shape }]) => {
    const start = buffer.byteOffset + offset * bytesPerElement[dtype];
    return [name, viewMemory(memory.work, dtype, start, elementCount(shape)).slice()];
  });
  return Object.fromEntries(outputs);
}

function fillInput(
  { shape, dtype = "float32", fill }: InputCase,
  one: OperationCase,
  name: string,
): InputArray {
  const random = new RandomStream(elementCount(shape), `${one.title} ${name}`);
  const array = new arrayTypes[dtype as DType](elementCount(shape));
  if ("winnersOf" in fill) return winners(array, shape, one.attributes, random);
  for (let i = 0; i < array.length; i++) {
    if ("oneHot" in fill) array[i] = i % shape[1] === Math.floor(i / shape[1]) % shape[1] ? 1 : 0;
    else if ("integers" in fill)
      array[i] = fill.integers[0] + random.nextInteger(fill.integers[1] - fill.integers[0] + 1);
    else if ("winnersAmong" in fill) {
      const stops = fill.stopped && random.next() < 0.3;
      array[i] = stops ? 255 : random.nextInteger(fill.winnersAmong);
    } else array[i] = fill.range[0] + random.next() * (fill.range[1] - fill.range[0]);
  }
  return array;
}

/** For each window a place that lies inside of x. */
function winners(
  array: InputArray,
  [, height, width, channels]: readonly number[],
  a: Readonly<Record<string, number>>,
  random: RandomStream,
): InputArray {
  const pick = (start: number, pool: number, side: number) => {
    const lowest = Math.max(0, -start);
    const highest = Math.min(pool, side - start) - 1;
    return lowest + random.nextInteger(highest - lowest + 1);
  };
  for (let i = 0; i < array.length; i++) {
    const column = Math.floor(i / channels) % width;
    const row = Math.floor(i / channels / width) % height;
    const p = pick(row * a.strideHeight - a.padTop, a.poolHeight, a.inputHeight);
    const q = pick(column * a.strideWidth - a.padLeft, a.poolWidth, a.inputWidth);
    array[i] = p * a.poolWidth + q;
  }
  return array;
}
