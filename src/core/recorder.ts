import { elementCount, formatShape, roundUp, sameShape } from "../util/shapes.ts";
import type { Operation } from "./operations/define.ts";
import { type OperationName, operations } from "./operations/table.ts";
import {
  type Buffer,
  bytesPerElement,
  type DType,
  type Origin,
  type ProgramNode,
  type Tensor,
} from "./program.ts";

/** What a recorder has written down, before fusion and the memory plan. */
export interface Recording {
  readonly nodes: readonly ProgramNode[];
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
  readonly stateBytes: number;
}

/**
 * Writes down calls of operations on symbolic tensors: nothing is computed here. Layers call `apply`; `differentiate`
 * walks the calls backwards and records their gradient rules.
 */
export class Recorder {
  private readonly nodes: ProgramNode[] = [];
  private readonly inputs = new Map<string, Tensor>();
  private readonly outputs = new Map<string, Tensor>();
  private readonly producers = new Map<Tensor, ProgramNode>();
  /** A view's tensor of origin, of which it is another shape. */
  private readonly origins = new Map<Tensor, Tensor>();
  private readonly stateBuffer: Buffer;
  private readonly stateTensors = new Map<string, Tensor>();
  private origin: Origin | undefined;

  /** @param stateBytes length of the state that lives from run to run */
  constructor(stateBytes: number) {
    this.stateBuffer = { region: "state", byteLength: stateBytes, byteOffset: 0 };
  }

  /** An array that the caller gives at each run. */
  input(name: string, shape: readonly number[], dtype: DType = "float32"): Tensor {
    const known = this.inputs.get(name);
    if (known && (!sameShape(known.shape, shape) || known.dtype !== dtype)) {
      const [expected, found] = [known, { shape, dtype }].map(
        (one) => `${one.dtype} ${formatShape(one.shape)}`,
      );
      throw new Error(`Expected input "${name}" to be ${expected}, found ${found}`);
    }
    if (known) return known;
    const tensor = newTensor("input", shape, dtype);
    tensor.buffer.byteOffset = 0;
    this.inputs.set(name, tensor);
    return tensor;
  }

  /** An array that the caller reads after a run; it is read from the work region, so what lies elsewhere is copied there. */
  output(name: string, tensor: Tensor): void {
    const inWork = tensor.buffer.region === "work";
    const kept = inWork ? tensor : this.apply(operations.rescale, { x: tensor }, { scale: 1, offset: 0 }).y;
    this.outputs.set(name, kept);
  }

  /** Part of the state, `offset` float32 numbers from its start. The same part is the same tensor. */
  state(shape: readonly number[], offset: number): Tensor {
    const key = `${offset}:${formatShape(shape)}`;
    const known = this.stateTensors.get(key);
    if (known) return known;
    const tensor: Tensor = { shape, dtype: "float32", buffer: this.stateBuffer, offset };
    this.stateTensors.set(key, tensor);
    return tensor;
  }

  /** An array of the work region that operations can be told to write to, see `place`. */
  work(shape: readonly number[]): Tensor {
    return newTensor("work", shape, "float32");
  }

  /** The same elements in another shape. Nothing is copied. */
  view(tensor: Tensor, shape: readonly number[]): Tensor {
    if (elementCount(shape) !== elementCount(tensor.shape)) {
      throw new Error(`Cannot view ${formatShape(tensor.shape)} as ${formatShape(shape)}`);
    }
    const view = { ...tensor, shape };
    this.origins.set(view, tensor);
    return view;
  }

  /** Marks every call that `record` makes with whom it serves. */
  within<T>(origin: Origin | undefined, record: () => T): T {
    const outer = this.origin;
    this.origin = origin;
    try {
      return record();
    } finally {
      this.origin = outer;
    }
  }

  /** Records one call and returns its outputs; `into` names tensors to write to in place of new ones. */
  apply<I extends string, O extends string, A extends string>(
    operation: Operation<string, I, O, A>,
    inputs: Readonly<Record<I, Tensor>>,
    attributes: Readonly<Record<A, number>>,
    into: Partial<Record<O, Tensor>> = {},
  ): Record<O, Tensor> {
    const specs = operation.infer(inputs, attributes);
    const outputs = Object.fromEntries(
      operation.outputs.map((name) => [
        name,
        into[name] ?? newTensor("work", specs[name].shape, specs[name].dtype ?? "float32"),
      ]),
    ) as Record<O, Tensor>;
    const node: ProgramNode = {
      operation: operation.name as OperationName,
      inputs: operation.inputs.map((name) => inputs[name]),
      outputs: operation.outputs.map((name) => outputs[name]),
      attributes: Object.fromEntries(operation.attributes.map((name) => [name, attributes[name]])),
      ...(this.origin && { origin: this.origin }),
    };
    this.nodes.push(node);
    for (const output of node.outputs) this.producers.set(output, node);
    return outputs;
  }

  /** As `apply`, but a call that has been recorded already is not recorded again: for what several gradient rules share. */
  applyOnce<I extends string, O extends string, A extends string>(
    operation: Operation<string, I, O, A>,
    inputs: Readonly<Record<I, Tensor>>,
    attributes: Readonly<Record<A, number>>,
  ): Record<O, Tensor> {
    const known = this.nodes.find(
      (node) =>
        node.operation === operation.name &&
        operation.inputs.every((name, i) => node.inputs[i] === inputs[name]) &&
        operation.attributes.every((name) => node.attributes[name] === attributes[name]),
    );
    if (!known) return this.apply(operation, inputs, attributes);
    const outputs = operation.outputs.map((name, i) => [name, known.outputs[i]]);
    return Object.fromEntries(outputs) as Record<O, Tensor>;
  }

  /** The call that made this tensor; none for inputs and state. */
  producer(tensor: Tensor): ProgramNode | undefined {
    return this.producers.get(this.originOf(tensor));
  }

  /**
   * Records the backward part: the gradients of `root`, a loss, with respect to `targets`, in their order. What leads to
   * no target is not computed.
   */
  differentiate(root: Tensor, targets: readonly Tensor[]): Tensor[] {
    const forward = [...this.nodes];
    const needed = this.dependents(forward, targets);
    const gradients = new Map<Tensor, Tensor>();
    for (const node of forward.reverse()) {
      const [y] = node.outputs;
      // a loss is the root and its rules take no gradient from above
      const outputGradient = y === root ? root : gradients.get(y);
      if (!outputGradient) continue;
      const origin: Origin | undefined = node.origin && { ...node.origin, pass: "backward" };
      this.within(origin, () => this.recordGradients(node, outputGradient, needed, gradients));
    }
    return targets.map((target) => {
      const gradient = gradients.get(target);
      if (!gradient) throw new Error(`No gradient reaches a tensor of shape ${formatShape(target.shape)}`);
      return gradient;
    });
  }

  /** Makes the operation that computes `tensor` write it to `offset` elements from the start of `target`. */
  place(tensor: Tensor, target: Tensor, offset: number): void {
    const origin = this.originOf(tensor);
    const views = [...this.origins.keys()].filter((view) => this.originOf(view) === origin);
    const shared = [...this.producers.keys()].some(
      (other) => other !== origin && other.buffer === origin.buffer,
    );
    const placed = tensor.buffer === target.buffer;
    if (shared || placed || tensor.buffer.region !== "work") {
      throw new Error(`Cannot place a tensor of shape ${formatShape(tensor.shape)}: its memory is shared`);
    }
    for (const one of [origin, ...views]) {
      one.buffer = target.buffer;
      one.offset = target.offset + offset;
    }
  }

  finish(): Recording {
    const { nodes, inputs, outputs } = this;
    return { nodes, inputs, outputs, stateBytes: this.stateBuffer.byteLength };
  }

  private originOf(tensor: Tensor): Tensor {
    const origin = this.origins.get(tensor);
    return origin ? this.originOf(origin) : tensor;
  }

  /** All tensors that are computed from the targets, and the targets. */
  private dependents(nodes: readonly ProgramNode[], targets: readonly Tensor[]): Set<Tensor> {
    const needed = new Set(targets);
    for (const { inputs, outputs } of nodes) {
      if (!inputs.some((input) => needed.has(this.originOf(input)))) continue;
      for (const output of outputs) needed.add(output);
    }
    return needed;
  }

  private recordGradients(
    node: ProgramNode,
    outputGradient: Tensor,
    needed: ReadonlySet<Tensor>,
    gradients: Map<Tensor, Tensor>,
  ): void {
    const operation: Operation = operations[node.operation];
    const call = {
      inputs: Object.fromEntries(operation.inputs.map((name, i) => [name, node.inputs[i]])),
      outputs: Object.fromEntries(operation.outputs.map((name, i) => [name, node.outputs[i]])),
      attributes: node.attributes,
    };
    // the last first: weights' gradients read x, whose memory is then free for its own gradient
    for (const [i, name] of [...operation.inputs.entries()].reverse()) {
      const rule = operation.gradients?.[name];
      const target = this.originOf(node.inputs[i]);
      if (!rule || !needed.has(target)) continue;
      const gradient = this.inShapeOf(rule(this, call, outputGradient), target);
      const before = gradients.get(target);
      gradients.set(target, before ? this.apply(operations.add, { a: before, b: gradient }, {}).y : gradient);
    }
  }

  private inShapeOf(gradient: Tensor, target: Tensor): Tensor {
    return sameShape(gradient.shape, target.shape) ? gradient : this.view(gradient, target.shape);
  }
}

/** A tensor with a buffer of its own. */
export function newTensor(region: Buffer["region"], shape: readonly number[], dtype: DType): Tensor {
  const byteLength = roundUp(elementCount(shape) * bytesPerElement[dtype], 4);
  return { shape, dtype, buffer: { region, byteLength, byteOffset: -1 }, offset: 0 };
}
