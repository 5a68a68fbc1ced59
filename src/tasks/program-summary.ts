import { isConstantNode } from "../core/constants.ts";
import { type Cost, costOf, intensityOf } from "../core/cost.ts";
import { lossFor } from "../core/losses.ts";
import type { Model } from "../core/model.ts";
import { createOptimizer } from "../core/optimizers/table.ts";
import { bytesPerElement, type DType, type Program, type ProgramNode, type Tensor } from "../core/program.ts";
import { inferenceProgram, trainingProgram } from "../core/programs.ts";
import { elementCount } from "../util/shapes.ts";

/** What a call reads or writes, and where that lies. */
export interface TensorSummary {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** `state`, `work`, `constants`, or `input:` and the input's name. */
  readonly region: string;
  /** From the start of the region. */
  readonly byteOffset: number;
  readonly bytes: number;
}

/** One call of an operation, as the backends receive it. */
export interface CallSummary extends Cost {
  readonly index: number;
  readonly operation: string;
  readonly attributes: Readonly<Record<string, number>>;
  /** The layer, `loss` or the optimizer. */
  readonly layer: string;
  readonly pass: string;
  readonly inputs: readonly TensorSummary[];
  readonly outputs: readonly TensorSummary[];
  /** FLOPs per byte. */
  readonly intensity: number;
  /** Made of the weights alone: it runs only when they have changed. */
  readonly constant: boolean;
}

/** A program after fusion. The sums are over what runs each time. */
export interface ProgramSummary extends Cost {
  readonly kind: "inference" | "training";
  readonly batch: number;
  readonly calls: readonly CallSummary[];
  readonly intensity: number;
  /** Weights and what the optimizer remembers of them. */
  readonly stateBytes: number;
  /** The arena of all that lives within one run. */
  readonly workBytes: number;
  readonly constantBytes: number;
}

/** The operations of a model's program; a training step is one with Adam. */
export function summarizeProgram(model: Model, kind: ProgramSummary["kind"], batch: number): ProgramSummary {
  const program = programOf(model, kind, batch);
  const calls = program.nodes.map((node, index) => summarizeCall(node, index, program));
  const eachTime = calls.filter(({ constant }) => !constant);
  const sum = (of: keyof Cost) => eachTime.reduce((total, call) => total + call[of], 0);
  const cost = { flops: sum("flops"), bytesRead: sum("bytesRead"), bytesWritten: sum("bytesWritten") };
  const { stateBytes, workBytes, constantBytes } = program;
  return {
    kind,
    batch,
    calls,
    ...cost,
    intensity: intensityOf(cost),
    stateBytes,
    workBytes,
    constantBytes,
  };
}

function programOf(model: Model, kind: ProgramSummary["kind"], batchSize: number): Program {
  if (kind === "inference") return inferenceProgram(model, { batchSize });
  const outputs = model.outputShape[model.outputShape.length - 1];
  return trainingProgram(model, lossFor(outputs), createOptimizer("Adam"), { batchSize });
}

function summarizeCall(node: ProgramNode, index: number, program: Program): CallSummary {
  const cost = costOf(node);
  const summarize = (tensor: Tensor) => summarizeTensor(tensor, program);
  return {
    index,
    operation: node.operation,
    attributes: node.attributes,
    layer: node.origin?.name ?? "",
    pass: node.origin?.pass ?? "",
    inputs: node.inputs.map(summarize),
    outputs: node.outputs.map(summarize),
    ...cost,
    intensity: intensityOf(cost),
    constant: isConstantNode(node),
  };
}

function summarizeTensor({ shape, dtype, buffer, offset }: Tensor, { inputs }: Program): TensorSummary {
  const input = [...inputs].find(([, tensor]) => tensor.buffer === buffer);
  return {
    shape,
    dtype,
    region: input ? `input:${input[0]}` : buffer.region,
    byteOffset: buffer.byteOffset + offset * bytesPerElement[dtype],
    bytes: elementCount(shape) * bytesPerElement[dtype],
  };
}
