import type { Buffer, Tensor } from "../../core/program.ts";
import { elementCount } from "../../util/shapes.ts";
import { type OnnxGraph, permuted } from "./graph.ts";

/** What a program makes of a kernel before it convolves by it: zeros between its weights, some of its filters. */
export interface MadeKernel {
  readonly weight: Tensor;
  readonly dilations: readonly [number, number];
  /** Filters, from which on and how many; all of them without it. */
  readonly share?: { readonly first: number; readonly count: number };
}

/** How a kernel stands in the graph: its weights alone, and the steps between them. */
export interface OnnxKernel {
  readonly constant: string;
  readonly window: { readonly kernel_shape: readonly number[]; readonly dilations?: readonly number[] };
}

/** The kernel as made so far; undefined where it is not made of weights alone. */
export function madeKernel(kernels: ReadonlyMap<Buffer, MadeKernel>, tensor: Tensor): MadeKernel | undefined {
  if (tensor.buffer.region === "state") return { weight: tensor, dilations: [1, 1] };
  return kernels.get(tensor.buffer);
}

/** Puts [height, width, in, out] into the graph, the axes in this order and then in this shape where one is given. */
export function addKernel(
  graph: OnnxGraph,
  { weight, dilations, share }: MadeKernel,
  [height, width, channels, filters]: readonly number[],
  order: readonly number[],
  shape?: (sides: readonly number[]) => readonly number[],
): OnnxKernel {
  const { name, values } = graph.weightOf(weight);
  const size = [height, width].map((side, axis) => (side - 1) / dilations[axis] + 1);
  const sides = [...size, channels, filters];
  const taken = share ? filtersOf(values, share, elementCount(sides) / filters) : values;
  const ordered = order.map((axis) => sides[axis]);
  const constant = graph.constant(name, permuted(taken, sides, order), shape?.(ordered) ?? ordered);
  const dilated = dilations.some((rate) => rate !== 1);
  return { constant, window: { kernel_shape: size, ...(dilated && { dilations }) } };
}

function filtersOf(
  values: Float32Array,
  { first, count }: { readonly first: number; readonly count: number },
  rows: number,
): Float32Array {
  const all = values.length / rows;
  const places = Array.from(
    { length: rows * count },
    (_, i) => Math.floor(i / count) * all + first + (i % count),
  );
  return Float32Array.from(places, (place) => values[place]);
}
