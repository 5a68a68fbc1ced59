import { z } from "zod";
import { countParameters, type Model } from "../core/model.ts";
import { networkNames } from "../core/networks/table.ts";
import { InputError } from "../util/errors.ts";
import { loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { networkFor } from "./network-for.ts";
import { type ProgramSummary, summarizeProgram } from "./program-summary.ts";
import { parseOptions, trainOptionsSchema } from "./train-options.ts";

export interface SummaryRequest {
  /** A run folder, a model file, or the name of a network; otherwise the architecture below. */
  readonly path?: string | undefined;
  readonly model?: string | undefined;
  readonly imageSize?: number | undefined;
  readonly classes?: number | undefined;
  /** Adds the operations of a program, as they are after fusion. */
  readonly program?: ProgramSummary["kind"] | undefined;
  /** Images at once in that program. */
  readonly batch?: number | undefined;
}

export interface SummaryRow {
  readonly name: string;
  readonly className: string;
  /** With the batch in front, which is open: null. */
  readonly outputShape: readonly (number | null)[];
  readonly parameters: number;
}

export interface Summary {
  readonly name: string;
  readonly layers: readonly SummaryRow[];
  readonly parameters: number;
  /** What an optimizer changes; the rest are running statistics and frozen layers. */
  readonly trainableParameters: number;
  readonly program?: ProgramSummary;
}

/** Which architecture, without a model: named as for training. */
export const architectureSchema = z.object({
  model: trainOptionsSchema.shape.model,
  imageSize: trainOptionsSchema.shape.imageSize,
  classes: z.number().int().min(2).max(100_000).default(2).describe("Number of classes"),
});

export const programSchema = z.object({
  batch: trainOptionsSchema.shape.batchSize.describe("Images at once"),
});

/**
 * The layer table of a model, and the operations of its program if they are asked for.
 * @throws InputError `model.…`, `option.bad-value`, `option.conflict`
 */
export async function summarize(machine: Machine, request: SummaryRequest): Promise<Summary> {
  const { program, batch: givenBatch, ...which } = request;
  const { batch } = parseOptions(programSchema, { batch: givenBatch });
  const model = await modelOf(machine, which);
  const layers = model.layers.map(({ name, definition, outputShape, weights }) => ({
    name,
    className: definition.className,
    outputShape: [null, ...outputShape],
    parameters: countParameters(weights),
  }));
  return {
    name: model.description.name,
    layers,
    parameters: model.parameterCount,
    trainableParameters: countParameters(model.trainableWeights),
    ...(program && { program: summarizeProgram(model, program, batch) }),
  };
}

async function modelOf(machine: Machine, request: SummaryRequest): Promise<Model> {
  const { path, ...given } = request;
  const network = path !== undefined && (await isNetwork(machine, path));
  if (path !== undefined && (!network || given.model !== undefined)) {
    checkIsAlone(request);
    return (await loadClassifier(machine, path)).model;
  }
  const { classes, ...options } = parseOptions(
    architectureSchema,
    network ? { ...given, model: path } : given,
  );
  return networkFor(options, classes);
}

/** What lies at a path is the model there; a name that is no path is a network's. */
async function isNetwork(machine: Machine, path: string): Promise<boolean> {
  return networkNames.includes(path) && (await machine.kindOf(path)) === undefined;
}

/** A model that exists has its size and classes. */
function checkIsAlone({ path, model, imageSize, classes }: SummaryRequest): void {
  if (model === undefined && imageSize === undefined && classes === undefined) return;
  throw new InputError(
    "option.conflict",
    `Expected a model or the options of an architecture, found both: "${path}" has its own layers`,
  );
}
