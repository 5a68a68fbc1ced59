import type { InputArray } from "../core/backend.ts";
import { arrayTypes } from "../core/memory.ts";
import type { DType, Program } from "../core/program.ts";
import { elementCount } from "../util/shapes.ts";

/** The arrays of a program's inputs in its order, of the types and lengths that it was recorded with. */
export function collectInputs(program: Program, inputs: Readonly<Record<string, InputArray>>): InputArray[] {
  return [...program.inputs].map(([name, { dtype, shape }]) =>
    checkInput(name, inputs[name], dtype, elementCount(shape)),
  );
}

function checkInput(name: string, array: InputArray | undefined, dtype: DType, length: number): InputArray {
  if (array instanceof arrayTypes[dtype] && array.length === length) return array;
  const found = array ? `${array.constructor.name} of ${array.length}` : "nothing";
  throw new Error(
    `Expected input "${name}" to be a ${arrayTypes[dtype].name} of ${length} elements, found ${found}`,
  );
}
