import type { Buffer, ProgramNode, Tensor } from "../../core/program.ts";
import { elementCount, sameShape } from "../../util/shapes.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./messages.ts";

/** What stands in the graph for an array of a program. */
export interface Value {
  readonly name: string;
  /** As the program has it: channels last, and a batch of one in place of any. */
  readonly shape: readonly number[];
  /** The graph has it as [batch, channels, height, width], as convolutions take it there. */
  readonly channelsFirst: boolean;
}

type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** Collects the nodes of a graph while the calls of a program are gone through, and keeps what stands for which array. */
export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly tensors = new Map<string, OnnxTensor>();
  /** Views share a buffer, so it tells arrays apart and their shapes do not. */
  private readonly values = new Map<Buffer, Value>();
  private readonly uses = new Map<Buffer, number>();
  private readonly names = new Map<string, number>();
  readonly weightOf: (tensor: Tensor) => { readonly name: string; readonly values: Float32Array };

  constructor(calls: readonly ProgramNode[], weightOf: OnnxGraph["weightOf"]) {
    this.weightOf = weightOf;
    for (const { buffer } of calls.flatMap(({ inputs }) => inputs)) {
      this.uses.set(buffer, (this.uses.get(buffer) ?? 0) + 1);
    }
  }

  /** Adds a node and says what it makes. */
  add(operator: string, inputs: readonly string[], name: string, attributes: Attributes = {}): string {
    const output = this.unusedName(name);
    this.nodes.push({ operator, inputs, output, attributes });
    return output;
  }

  /** A constant of the graph. */
  constant(name: string, values: OnnxTensor["values"], shape: readonly number[] = [values.length]): string {
    const unused = this.unusedName(name);
    this.tensors.set(unused, { shape, values });
    return unused;
  }

  number(name: string, value: number): string {
    return this.constant(name, Float32Array.of(value), []);
  }

  set({ buffer, shape }: Tensor, name: string, channelsFirst = false): void {
    this.values.set(buffer, { name, shape, channelsFirst });
  }

  /** The array in its own shape, in the order that it happens to have. */
  get(tensor: Tensor): Value {
    const value = this.values.get(tensor.buffer);
    if (value === undefined)
      throw new Error(`Expected an array that has been made, found one of ${tensor.shape}`);
    if (sameShape(value.shape, tensor.shape)) return value;
    const target = BigInt64Array.from([-1n, ...tensor.shape.slice(1).map(BigInt)]);
    const shape = this.constant(`${value.name}/shape`, target);
    const name = this.add("Reshape", [this.channelsLast(value), shape], `${value.name}/reshape`);
    return { name, shape: tensor.shape, channelsFirst: false };
  }

  /** The name of the array as the program has it. */
  lastChannels(tensor: Tensor): string {
    return this.channelsLast(this.get(tensor));
  }

  /** The name of the array as [batch, channels, height, width]. */
  firstChannels(tensor: Tensor): string {
    const value = this.get(tensor);
    return value.channelsFirst ? value.name : this.transpose(value.name, [0, 3, 1, 2]);
  }

  /** A weight as a constant, in another shape where that is given. */
  weight(tensor: Tensor, shape: readonly number[] = tensor.shape): string {
    const { name, values } = this.weightOf(tensor);
    return this.constant(name, values, shape);
  }

  /** Whether nothing but one call takes the array. */
  isUsedOnce({ buffer }: Tensor): boolean {
    return this.uses.get(buffer) === 1;
  }

  private channelsLast({ name, channelsFirst }: Value): string {
    return channelsFirst ? this.transpose(name, [0, 2, 3, 1]) : name;
  }

  private transpose(name: string, perm: readonly number[]): string {
    return this.add("Transpose", [name], `${name}/transpose`, { perm });
  }

  private unusedName(name: string): string {
    const count = this.names.get(name) ?? 0;
    this.names.set(name, count + 1);
    return count === 0 ? name : this.unusedName(`${name}_${count}`);
  }
}

/** The values of an array whose axes are put in another order. */
export function permuted(
  values: Float32Array,
  shape: readonly number[],
  axes: readonly number[],
): Float32Array {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const [sides, steps] = [axes.map((axis) => shape[axis]), axes.map((axis) => strides[axis])];
  const result = new Float32Array(values.length);
  const places = sides.map(() => 0);
  for (let to = 0, from = 0; to < result.length; to++) {
    result[to] = values[from];
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++places[axis] < sides[axis]) break;
      from -= sides[axis] * steps[axis];
      places[axis] = 0;
    }
  }
  return result;
}
