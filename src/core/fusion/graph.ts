import { sameShape } from "../../util/shapes.ts";
import { type OperationName, operations } from "../operations/table.ts";
import type { Buffer, ProgramNode, Tensor } from "../program.ts";
import type { Recording } from "../recorder.ts";

/** What stands in the place of some nodes; nothing where they go. */
export type Rewrite = ReadonlyMap<ProgramNode, ProgramNode | undefined>;

/** A pattern: what the nodes around this one become, if it fits. */
export type Rule = (node: ProgramNode, graph: Graph) => Rewrite | undefined;

/** The calls of a recording, and who reads which memory. Views are other tensors over the same buffer: buffers count. */
export class Graph {
  readonly recording: Recording;
  private readonly readersOf = new Map<Buffer, ProgramNode[]>();
  private readonly writersOf = new Map<Buffer, ProgramNode[]>();
  private readonly kept: ReadonlySet<Buffer>;

  constructor(recording: Recording) {
    this.recording = recording;
    this.kept = new Set([...recording.outputs.values()].map(({ buffer }) => buffer));
    for (const node of recording.nodes) {
      for (const buffer of buffersOf(node.inputs)) listAt(this.readersOf, buffer).push(node);
      for (const buffer of buffersOf(node.outputs)) listAt(this.writersOf, buffer).push(node);
    }
  }

  readers({ buffer }: Tensor): readonly ProgramNode[] {
    return this.readersOf.get(buffer) ?? [];
  }

  /** The call that made it; none where that is not one call. */
  producer({ buffer }: Tensor): ProgramNode | undefined {
    const writers = this.writersOf.get(buffer) ?? [];
    return writers.length === 1 ? writers[0] : undefined;
  }

  /** Whether no one but these reads the tensor, so that it need not exist once they are gone. */
  onlyRead(tensor: Tensor, nodes: readonly (ProgramNode | undefined)[]): boolean {
    return !this.kept.has(tensor.buffer) && this.readers(tensor).every((node) => nodes.includes(node));
  }

  /** The one call that reads the tensor, as its first input and in its own shape, if it is of one of these operations. */
  next(tensor: Tensor, ...names: readonly OperationName[]): ProgramNode | undefined {
    const [reader] = this.readers(tensor);
    const fits =
      reader && names.includes(reader.operation) && sameShape(reader.inputs[0].shape, tensor.shape);
    return fits && reader.inputs[0].buffer === tensor.buffer && this.onlyRead(tensor, [reader])
      ? reader
      : undefined;
  }

  /** The one of the two that comes first. */
  earlier(a: ProgramNode, b: ProgramNode): ProgramNode {
    const { nodes } = this.recording;
    return nodes.indexOf(a) < nodes.indexOf(b) ? a : b;
  }

  /** The graph after the rewrite. */
  rewritten(rewrite: Rewrite): Graph {
    const nodes = this.recording.nodes.flatMap((node) =>
      rewrite.has(node) ? (rewrite.get(node) ?? []) : node,
    );
    return new Graph({ ...this.recording, nodes });
  }

  /** Without the calls whose results nobody reads. */
  withoutUnread(): Recording {
    const read = new Set(this.kept);
    const nodes = [...this.recording.nodes].reverse().filter(({ inputs, outputs }) => {
      const lives = outputs.some(({ buffer }) => buffer.region === "state" || read.has(buffer));
      if (lives) for (const { buffer } of inputs) read.add(buffer);
      return lives;
    });
    return { ...this.recording, nodes: nodes.reverse() };
  }
}

/** A node's tensors and attributes by the operation's own names. */
export function partsOf({ operation, inputs, outputs, attributes }: ProgramNode) {
  const { inputs: names, outputs: results } = operations[operation];
  return {
    inputs: Object.fromEntries(names.map((name, i) => [name, inputs[i]])) as Record<string, Tensor>,
    outputs: Object.fromEntries(results.map((name, i) => [name, outputs[i]])) as Record<string, Tensor>,
    attributes,
  };
}

/**
 * A call with inputs and attributes in the operation's order; what it has no use for is left out. It serves whom the `model`
 * serves.
 */
export function call(
  operation: OperationName,
  inputs: Readonly<Record<string, Tensor>>,
  outputs: readonly Tensor[],
  attributes: Readonly<Record<string, number>>,
  model: ProgramNode,
): ProgramNode {
  const { inputs: names, attributes: numbers } = operations[operation];
  return {
    operation,
    inputs: names.map((name) => inputs[name]),
    outputs,
    attributes: Object.fromEntries(numbers.map((name) => [name, attributes[name]])),
    ...(model.origin && { origin: model.origin }),
  };
}

function buffersOf(tensors: readonly Tensor[]): Set<Buffer> {
  return new Set(tensors.map(({ buffer }) => buffer));
}

function listAt(lists: Map<Buffer, ProgramNode[]>, buffer: Buffer): ProgramNode[] {
  const known = lists.get(buffer) ?? [];
  lists.set(buffer, known);
  return known;
}
