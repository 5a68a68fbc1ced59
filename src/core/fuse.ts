import * as fused from "./operations/fused.ts";
import type { Buffer, ProgramNode, Tensor } from "./program.ts";
import { newTensor, type Recording } from "./recorder.ts";

/** The largest pool whose positions fit into a byte. */
const LARGEST_POOL = 255;

type Attributes = Readonly<Record<string, number>>;

/** A convolution and what follows it, as recorded. */
interface ForwardChain {
  readonly convolution: ProgramNode;
  readonly bias: ProgramNode;
  readonly relu?: ProgramNode;
  readonly pool?: ProgramNode;
}

/** What the gradient rules recorded for the chain; the input gradient is missing in the first layer. */
interface BackwardChain {
  readonly poolGradient?: ProgramNode;
  readonly reluGradient?: ProgramNode;
  readonly biasGradient: ProgramNode;
  readonly kernelGradient: ProgramNode;
  readonly inputGradient?: ProgramNode;
}

/** Which nodes go, and what stands in their place. */
interface Rewrite {
  readonly removed: readonly ProgramNode[];
  readonly replaced: ReadonlyMap<ProgramNode, ProgramNode>;
}

/**
 * Replaces convolution, bias, ReLU and max pooling by one operation, in both directions, so that the activation before the
 * pool is never written. A chain is left as it is where anything else reads what would no longer exist.
 */
export function fuse(recording: Recording): Recording {
  const uses = new Uses(recording);
  const removed = new Set<ProgramNode>();
  const replaced = new Map<ProgramNode, ProgramNode>();
  for (const node of recording.nodes) {
    const rewrite = node.operation === "conv2d" ? rewriteConvolution(node, uses) : undefined;
    for (const old of rewrite?.removed ?? []) removed.add(old);
    for (const [old, replacement] of rewrite?.replaced ?? [])
      replaced.set(old, { ...replacement, ...originOf(old, node) });
  }
  const nodes = recording.nodes
    .filter((node) => !removed.has(node))
    .map((node) => replaced.get(node) ?? node);
  return { ...recording, nodes };
}

/** A fused call serves the convolution's layer, in the pass of the call that it stands for. */
function originOf(old: ProgramNode, { origin }: ProgramNode): Pick<ProgramNode, "origin"> {
  return origin && old.origin ? { origin: { name: origin.name, pass: old.origin.pass } } : {};
}

/** Who reads which memory. Views are other tensors over the same buffer, so buffers are what counts. */
class Uses {
  private readonly readers = new Map<Buffer, ProgramNode[]>();
  private readonly kept: ReadonlySet<Buffer>;

  constructor(recording: Recording) {
    this.kept = new Set([...recording.outputs.values()].map((tensor) => tensor.buffer));
    for (const node of recording.nodes) {
      for (const { buffer } of node.inputs)
        this.readers.set(buffer, [...(this.readers.get(buffer) ?? []), node]);
    }
  }

  of(tensor: Tensor): readonly ProgramNode[] {
    return this.readers.get(tensor.buffer) ?? [];
  }

  /** The only reader that is this operation. */
  find(tensor: Tensor, operation: ProgramNode["operation"]): ProgramNode | undefined {
    const found = this.of(tensor).filter((node) => node.operation === operation);
    return found.length === 1 ? found[0] : undefined;
  }

  /** Whether no one but these reads the tensor, so that it need not exist once they are gone. */
  only(tensor: Tensor, nodes: readonly (ProgramNode | undefined)[]): boolean {
    return !this.kept.has(tensor.buffer) && this.of(tensor).every((node) => nodes.includes(node));
  }
}

function rewriteConvolution(convolution: ProgramNode, uses: Uses): Rewrite | undefined {
  const bias = uses.find(convolution.outputs[0], "addBias");
  if (!bias || !uses.only(convolution.outputs[0], [bias])) return undefined;
  const relu = uses.find(bias.outputs[0], "relu");
  const reluFuses = relu && uses.only(bias.outputs[0], [relu]);
  const chain: ForwardChain = { convolution, bias, ...(reluFuses && { relu }) };
  return rewriteWithPool(chain, uses) ?? rewriteWithoutPool(chain, uses);
}

function rewriteWithPool(chain: ForwardChain, uses: Uses): Rewrite | undefined {
  const activated = (chain.relu ?? chain.bias).outputs[0];
  const pool = uses.find(activated, "maxPool2d");
  if (!pool || !poolFuses(pool, activated)) return undefined;
  const poolGradient = uses.find(pool.outputs[1], "maxPool2dGradient");
  const backward = poolGradient && findBackward(chain, poolGradient, uses);
  if (poolGradient && !backward) return undefined;
  if (!uses.only(activated, [pool, backward?.reluGradient])) return undefined;
  if (!uses.only(pool.outputs[1], [poolGradient])) return undefined;
  return poolRewrite({ ...chain, pool }, pool, backward);
}

function poolFuses({ attributes: a }: ProgramNode, { shape: [, height, width] }: Tensor): boolean {
  const apart = a.strideHeight === a.poolHeight && a.strideWidth === a.poolWidth;
  // `same` may pad at the bottom and the right alone, where the last window reaches over the edge
  const inside = a.outputHeight * a.poolHeight <= height && a.outputWidth * a.poolWidth <= width;
  const padded = a.padTop !== 0 || a.padLeft !== 0 || !inside;
  return apart && !padded && a.poolHeight * a.poolWidth <= LARGEST_POOL;
}

/** The backward part, if it is whole and nothing else reads what lies between its operations. */
function findBackward(
  { convolution, relu }: ForwardChain,
  poolGradient: ProgramNode | undefined,
  uses: Uses,
): BackwardChain | undefined {
  const reluGradient = relu && uses.find(relu.outputs[0], "reluGradient");
  if (relu && !reluGradient) return undefined;
  if (poolGradient && reluGradient && !uses.only(poolGradient.outputs[0], [reluGradient])) return undefined;
  const gradient = (reluGradient ?? poolGradient)?.outputs[0];
  if (!gradient) return undefined;
  const biasGradient = uses.find(gradient, "biasGradient");
  const kernelGradient = uses.find(gradient, "conv2dKernelGradient");
  const inputGradient = uses.find(gradient, "conv2dInputGradient");
  if (!biasGradient || !kernelGradient || kernelGradient.inputs[0] !== convolution.inputs[0])
    return undefined;
  if (!uses.only(gradient, [biasGradient, kernelGradient, inputGradient])) return undefined;
  return {
    biasGradient,
    kernelGradient,
    ...(poolGradient && { poolGradient }),
    ...(reluGradient && { reluGradient }),
    ...(inputGradient && { inputGradient }),
  };
}

function poolRewrite(chain: ForwardChain, pool: ProgramNode, backward: BackwardChain | undefined): Rewrite {
  const { convolution, bias, relu } = chain;
  const { outputHeight: convHeight, outputWidth: convWidth, ...window } = convolution.attributes;
  const { poolHeight, poolWidth } = pool.attributes;
  const size = { convHeight, convWidth, poolHeight, poolWidth };
  const shared = { ...window, activation: relu ? 1 : 0 };
  const [x, kernel] = convolution.inputs;
  const y = pool.outputs[0];
  const position = newTensor("work", y.shape, "uint8");
  const forward = node(fused.convPool, [x, kernel, bias.inputs[1]], [y, position], { ...shared, ...size });
  const replaced = new Map([[pool, forward]]);
  if (backward) {
    const dy = backward.poolGradient!.inputs[0];
    replaceGradients(
      replaced,
      backward,
      { ...shared, ...size },
      {
        kernel: [fused.convPoolKernelGradient, [x, dy, position]],
        input: [fused.convPoolInputGradient, [dy, position, kernel]],
      },
    );
  }
  return {
    removed: without(replaced, [convolution, bias, relu, ...Object.values(backward ?? {})]),
    replaced,
  };
}

function rewriteWithoutPool(chain: ForwardChain, uses: Uses): Rewrite {
  const { convolution, bias, relu } = chain;
  const { outputHeight: convHeight, outputWidth: convWidth, ...window } = convolution.attributes;
  const shared = { ...window, activation: relu ? 1 : 0 };
  const [x, kernel] = convolution.inputs;
  const last = relu ?? bias;
  const [y] = last.outputs;
  const forward = node(fused.convBias, [x, kernel, bias.inputs[1]], [y], {
    ...shared,
    convHeight,
    convWidth,
  });
  const replaced = new Map([[last, forward]]);
  const backward = findBackward(chain, undefined, uses);
  if (backward) {
    const dy = backward.reluGradient!.inputs[0];
    replaceGradients(replaced, backward, shared, {
      kernel: [fused.convBiasKernelGradient, [x, dy, y]],
      input: [fused.convBiasInputGradient, [dy, y, kernel]],
    });
  }
  return {
    removed: without(replaced, [convolution, bias, relu, ...Object.values(backward ?? {})]),
    replaced,
  };
}

interface FusedOperation {
  readonly name: string;
  readonly attributes: readonly string[];
}
type FusedCall = readonly [FusedOperation, readonly Tensor[]];

function replaceGradients(
  replaced: Map<ProgramNode, ProgramNode>,
  { kernelGradient, biasGradient, inputGradient }: BackwardChain,
  shared: Attributes,
  { kernel, input }: { kernel: FusedCall; input: FusedCall },
): void {
  const outputs = [kernelGradient.outputs[0], biasGradient.outputs[0]];
  // the bias's gradient was recorded first, and where weights are shared it is read before the kernel's
  replaced.set(biasGradient, node(...kernel, outputs, { ...kernelGradient.attributes, ...shared }));
  if (!inputGradient) return;
  replaced.set(
    inputGradient,
    node(...input, inputGradient.outputs, { ...inputGradient.attributes, ...shared }),
  );
}

/** A node with its attributes in the operation's order. */
function node(
  operation: FusedOperation,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attributes: Attributes,
): ProgramNode {
  return {
    operation: operation.name as ProgramNode["operation"],
    inputs,
    outputs,
    attributes: Object.fromEntries(operation.attributes.map((name) => [name, attributes[name]])),
  };
}

function without(
  replaced: ReadonlyMap<ProgramNode, ProgramNode>,
  nodes: readonly (ProgramNode | undefined)[],
): ProgramNode[] {
  return nodes.filter((old): old is ProgramNode => old !== undefined && !replaced.has(old));
}
