import { activationCode } from "../operations/activation-code.ts";
import type { OperationName } from "../operations/table.ts";
import type { ProgramNode, Tensor } from "../program.ts";
import { call, type Graph, partsOf, type Rule } from "./graph.ts";

const activating: readonly OperationName[] = ["convBias", "depthwiseBias", "batchNorm", "scaleShift"];

const codes: Partial<Record<OperationName, number>> = {
  relu: activationCode.relu,
  relu6: activationCode.relu6,
  reluGradient: activationCode.relu,
  relu6Gradient: activationCode.relu6,
};

/** A call that can activate its result, ReLU or ReLU6 -> one call. */
export const activate: Rule = (node, graph) => {
  if (!activating.includes(node.operation) || node.attributes.activation !== activationCode.none)
    return undefined;
  const [y, ...others] = node.outputs;
  const activation = graph.next(y, "relu", "relu6");
  if (!activation) return undefined;
  const attributes = { ...node.attributes, activation: codes[activation.operation] ?? activationCode.none };
  // in the first one's place: a normalisation's statistics may be read before the activation
  return new Map([
    [node, { ...node, outputs: [activation.outputs[0], ...others], attributes }],
    [activation, undefined],
  ]);
};

/** What flows back through an activation: dy, and y that the activation gave. */
interface Masked {
  readonly dy: Tensor;
  readonly y: Tensor;
  readonly activation: number;
}

/** How a gradient that reads what an activation lets through lets it through itself; undefined where it cannot. */
type Absorb = (reader: ProgramNode, masked: Masked, graph: Graph) => ProgramNode | undefined;

const absorbInNormalization: Absorb = (reader, { dy, y, activation }, graph) => {
  const { inputs, attributes } = partsOf(reader);
  const forward = graph.producer(y);
  // it computes y anew, so y has to be its own
  const own =
    forward?.operation === "batchNorm" &&
    forward.attributes.activation === activation &&
    forward.outputs[1].buffer === inputs.mean.buffer;
  return own
    ? call(reader.operation, { ...inputs, dy }, reader.outputs, { ...attributes, activation }, reader)
    : undefined;
};

const absorbing: Partial<Record<OperationName, Absorb>> = {
  convBiasKernelGradient: (reader, { dy, y, activation }) => {
    const { inputs, attributes } = partsOf(reader);
    return call(
      reader.operation,
      { ...inputs, dy, y },
      reader.outputs,
      { ...attributes, activation },
      reader,
    );
  },
  conv2dInputGradient: (reader, { dy, y, activation }) => {
    const { inputs, attributes } = partsOf(reader);
    return call(
      "convBiasInputGradient",
      { ...inputs, dy, y },
      reader.outputs,
      { ...attributes, activation },
      reader,
    );
  },
  batchNormParameterGradient: absorbInNormalization,
  batchNormInputGradient: absorbInNormalization,
};

/** An activation's gradient, the gradients that read it -> these alone, if all of them can. */
export const activateBackwards: Rule = (node, graph) => {
  const activation = codes[node.operation];
  if (activation === undefined || !node.operation.endsWith("Gradient")) return undefined;
  const [gradient] = node.outputs;
  const readers = graph.readers(gradient);
  if (readers.length === 0 || !graph.onlyRead(gradient, readers)) return undefined;
  const rewrite = new Map<ProgramNode, ProgramNode | undefined>([[node, undefined]]);
  for (const reader of readers) {
    const { dy } = partsOf(reader).inputs;
    if (dy?.buffer !== gradient.buffer || reader.attributes.activation) return undefined;
    const masked = { dy: inShape(node.inputs[0], dy), y: inShape(node.inputs[1], dy), activation };
    const absorbed = absorbing[reader.operation]?.(reader, masked, graph);
    if (!absorbed) return undefined;
    rewrite.set(reader, absorbed);
  }
  return rewrite;
};

function inShape(tensor: Tensor, { shape }: Tensor): Tensor {
  return { ...tensor, shape };
}
