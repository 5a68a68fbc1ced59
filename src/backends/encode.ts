import { operations } from "../core/operations/table.ts";
import {
  type Buffer,
  bytesPerElement,
  type Program,
  type ProgramNode,
  type Tensor,
} from "../core/program.ts";
import { elementCount } from "../util/shapes.ts";

export interface EncodedProgram {
  /** What `read_program` in kernels/program.c reads. */
  readonly words: Float64Array;
  /** Bytes of each region: the constants, the state, the work, then each of the program's inputs. */
  readonly regionBytes: Float64Array;
}

const dtypes = { float32: 0, uint8: 1, int32: 2, uint32: 3 } as const;
const regions = { constants: 0, state: 1, work: 2 } as const;
const FIRST_INPUT = 3;

/** Writes a program as one list of numbers; `kernels` are the names that the addon knows its kernels by. */
export function encodeProgram(program: Program, kernels: readonly string[]): EncodedProgram {
  const tensors = [...program.inputs.values()];
  const inputs = tensors.map(({ buffer }) => buffer);
  const words = program.nodes.flatMap((node) => encodeNode(node, kernels, inputs));
  // an input's buffer is rounded up to whole words, the caller's array is not
  const inputBytes = tensors.map(({ shape, dtype }) => elementCount(shape) * bytesPerElement[dtype]);
  const regionBytes = [program.constantBytes, program.stateBytes, program.workBytes, ...inputBytes];
  return { words: Float64Array.from(words), regionBytes: Float64Array.from(regionBytes) };
}

function encodeNode(node: ProgramNode, kernels: readonly string[], inputs: readonly Buffer[]): number[] {
  const { operation, attributes } = node;
  const values = operations[operation].attributes.map((name) => attributes[name]);
  const tensors = [...node.inputs, ...node.outputs].flatMap((tensor) => encodeTensor(tensor, inputs));
  const counts = [node.inputs.length, node.outputs.length, values.length];
  return [kernels.indexOf(operation), ...counts, ...tensors, ...values];
}

function encodeTensor({ buffer, offset, dtype, shape }: Tensor, inputs: readonly Buffer[]): number[] {
  const region = buffer.region === "input" ? FIRST_INPUT + inputs.indexOf(buffer) : regions[buffer.region];
  if (buffer.region === "input" && region < FIRST_INPUT)
    throw new Error("A program reads an input it has not");
  const byteOffset = buffer.byteOffset + offset * bytesPerElement[dtype];
  return [region, byteOffset, dtypes[dtype], shape.length, ...shape];
}
