import { z } from "zod";
import { chooseBackend } from "../backends/choose.ts";
import type { Backend } from "../core/backend.ts";
import { type Cost, costOf } from "../core/cost.ts";
import { lossFor } from "../core/losses.ts";
import { initialWeights, type Model } from "../core/model.ts";
import { networkNames } from "../core/networks/table.ts";
import { createOptimizer } from "../core/optimizers/table.ts";
import type { Origin, Program, ProgramNode } from "../core/program.ts";
import { inferenceProgram, trainingProgram } from "../core/programs.ts";
import { type Bound, boundOf, type MachineLimits } from "../core/roofline.ts";
import { modelExtensions } from "../formats/table.ts";
import { InputError } from "../util/errors.ts";
import { loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { measureLimits } from "./machine-limits.ts";
import { networkFor } from "./network-for.ts";
import { type ProgramTimes, timeProgram } from "./program-times.ts";
import { type NameOption, parseOptions } from "./train-options.ts";

export const benchOptionsSchema = z.object({
  batch: z.number().int().min(1).default(32).describe("Images at once"),
  threads: z.number().int().min(1).max(256).optional().describe("Threads"),
  imageSize: z
    .number()
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe("Side of the images, for a network that is named"),
});

const DEFAULT_NETWORK = "report";
const DEFAULT_IMAGE_SIZE = 256;
const CLASSES = 2;
const SEED = 1;

export interface BenchRequest extends z.input<typeof benchOptionsSchema> {
  /** A run folder, a model file or the name of a network; the report's network otherwise. */
  readonly model?: string | undefined;
  readonly backend?: string | undefined;
  readonly onProgress?: (doing: string) => void;
  readonly signal?: AbortSignal;
}

/** One call of an operation: what it costs, what it took, and what it could take at best. */
export interface OperationFigures extends Cost {
  /** The layer, `loss` or the optimizer. */
  readonly layer: string;
  readonly pass: Origin["pass"];
  readonly operation: string;
  readonly seconds: number;
  readonly binds: Bound["binds"];
  /** Of the limit that binds. More than 1 where what it reads still lies in a cache. */
  readonly ofLimit: number;
}

export interface ProgramFigures {
  readonly runs: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly flops: number;
  /** Of the FMA peak, over the whole run. */
  readonly ofPeak: number;
  /** Of what the operations could take at best, one after the other. */
  readonly ofLimit: number;
  readonly operations: readonly OperationFigures[];
}

export interface BenchResult {
  readonly model: string;
  readonly inputShape: readonly number[];
  readonly parameters: number;
  readonly batch: number;
  readonly processor: string;
  readonly backend: string;
  readonly threads: number;
  readonly limits: { readonly oneThread: MachineLimits; readonly allThreads: MachineLimits };
  readonly inference: ProgramFigures;
  readonly training: ProgramFigures;
  readonly notices: readonly string[];
}

/**
 * What this machine can do, and how much of it a model gets, operation by operation.
 * @throws InputError `model.…`, `option.bad-value`, `backend.…`, `memory.insufficient`
 */
export async function bench(
  machine: Machine,
  request: BenchRequest,
  nameOption?: NameOption,
): Promise<BenchResult> {
  const { model: path, backend: wanted = "auto", onProgress = () => {}, signal, ...given } = request;
  const { batch, threads, imageSize } = parseOptions(benchOptionsSchema, given, nameOption);
  const { name, model, weights } = await modelOf(machine, path, imageSize);
  const { backend, notice } = await chooseBackend(wanted, threads === undefined ? {} : { threads });
  onProgress("Measuring what the machine can do");
  const before = await limitsOf(wanted, backend, signal);
  const timed = (program: Program, settings?: readonly number[]) =>
    timeProgram(machine, { backend, program, model, weights, settings }, signal);
  onProgress(`Predicting, ${batch} images at once`);
  const predicting = inferenceProgram(model, { batchSize: batch });
  const predictingTimes = await timed(predicting);
  onProgress(`Training, ${batch} images at once`);
  const [training, settings] = trainingOf(model, batch);
  const trainingTimes = await timed(training, settings);
  onProgress("Measuring what the machine can do once more");
  const limits = higher(before, await limitsOf(wanted, backend, signal));
  return {
    model: name,
    inputShape: model.description.inputShape,
    parameters: model.parameterCount,
    batch,
    processor: machine.describe().processor,
    backend: backend.description,
    threads: backend.threads,
    limits,
    inference: figuresOf(predicting, predictingTimes, batch, limits.allThreads),
    training: figuresOf(training, trainingTimes, batch, limits.allThreads),
    notices: notice ? [notice] : [],
  };
}

type Limits = BenchResult["limits"];

/** Something else may have kept the machine busy in one of two measurements. */
function higher(a: Limits, b: Limits): Limits {
  const of = (key: keyof Limits): MachineLimits => ({
    flops: Math.max(a[key].flops, b[key].flops),
    bandwidth: Math.max(a[key].bandwidth, b[key].bandwidth),
  });
  return { oneThread: of("oneThread"), allThreads: of("allThreads") };
}

interface NamedModel {
  readonly name: string;
  readonly model: Model;
  readonly weights: readonly Float32Array[];
}

/** What lies at a path is the model there; a name that is no path is a network's. */
async function modelOf(
  machine: Machine,
  path: string = DEFAULT_NETWORK,
  imageSize: number | undefined,
): Promise<NamedModel> {
  const exists = (await machine.kindOf(path)) !== undefined;
  if (!exists && !networkNames.includes(path)) {
    throw new InputError(
      "model.not-found",
      `Expected a run folder, a model file (${modelExtensions}) or a network (${networkNames.join(", ")}), found nothing at "${path}"`,
    );
  }
  if (!exists) {
    const model = networkFor({ model: path, imageSize: imageSize ?? DEFAULT_IMAGE_SIZE }, CLASSES);
    return { name: path, model, weights: initialWeights(model, SEED) };
  }
  const { model, weights } = await loadClassifier(machine, path);
  if (imageSize === undefined) return { name: path, model, weights };
  throw new InputError(
    "option.conflict",
    `Expected a model or an image size, found both: "${path}" has its own`,
  );
}

async function limitsOf(wanted: string, backend: Backend, signal: AbortSignal | undefined): Promise<Limits> {
  const allThreads = await measureLimits(backend, signal);
  if (backend.threads === 1) return { oneThread: allThreads, allThreads };
  const alone = await chooseBackend(wanted, { threads: 1 });
  return { oneThread: await measureLimits(alone.backend, signal), allThreads };
}

/** A step with Adam, and its settings for the first one. */
function trainingOf(model: Model, batchSize: number): [Program, readonly number[]] {
  const optimizer = createOptimizer("Adam");
  const { definition, config } = optimizer;
  const program = trainingProgram(model, lossFor(model.outputShape[0]), optimizer, { batchSize });
  return [program, definition.settings(config, config.learningRate, 1)];
}

function figuresOf(
  program: Program,
  { runs, seconds, operations: taken }: ProgramTimes,
  batch: number,
  limits: MachineLimits,
): ProgramFigures {
  const operations = program.nodes
    .map((node, index) => operationFigures(node, taken[index], limits))
    .filter((operation) => operation.seconds > 0); // what is made of the weights alone is not made again
  const sum = (of: (operation: OperationFigures) => number) =>
    operations.reduce((total, operation) => total + of(operation), 0);
  const flops = sum((operation) => operation.flops);
  return {
    runs,
    seconds,
    imagesPerSecond: batch / seconds,
    flops,
    ofPeak: flops / seconds / limits.flops,
    ofLimit: sum(({ ofLimit, seconds: each }) => ofLimit * each) / seconds,
    operations,
  };
}

function operationFigures(node: ProgramNode, seconds: number, limits: MachineLimits): OperationFigures {
  const { name: layer, pass } = node.origin ?? { name: "", pass: "forward" };
  const cost = costOf(node);
  const { binds, seconds: least } = boundOf(cost, limits);
  return { layer, pass, operation: node.operation, ...cost, seconds, binds, ofLimit: least / seconds };
}
