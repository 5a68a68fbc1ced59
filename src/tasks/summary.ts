import { z } from "zod";
import type { Model } from "../core/model.ts";
import { InputError } from "../util/errors.ts";
import { elementCount } from "../util/shapes.ts";
import { loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";
import { networkFor } from "./network-for.ts";
import { parseOptions, trainOptionsSchema } from "./train-options.ts";

export interface SummaryRequest {
  /** A run folder or a model file; otherwise the architecture below. */
  readonly path?: string | undefined;
  readonly model?: string | undefined;
  readonly imageSize?: number | undefined;
  readonly classes?: number | undefined;
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
}

/** Which architecture, without a model: named as for training. */
export const architectureSchema = z.object({
  model: trainOptionsSchema.shape.model,
  imageSize: trainOptionsSchema.shape.imageSize,
  classes: z.number().int().min(2).max(100_000).default(2).describe("Number of classes"),
});

/**
 * The layer table of a model.
 * @throws InputError `model.…`, `option.bad-value`, `option.conflict`
 */
export async function summarize(machine: Machine, request: SummaryRequest): Promise<Summary> {
  const model = await modelOf(machine, request);
  const layers = model.layers.map(({ name, definition, outputShape, weights }) => ({
    name,
    className: definition.className,
    outputShape: [null, ...outputShape],
    parameters: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0),
  }));
  return { name: model.description.name, layers, parameters: model.parameterCount };
}

async function modelOf(machine: Machine, request: SummaryRequest): Promise<Model> {
  if (request.path !== undefined) {
    checkIsAlone(request);
    return (await loadClassifier(machine, request.path)).model;
  }
  const { path: _, ...given } = request;
  const { classes, ...options } = parseOptions(architectureSchema, given);
  return networkFor(options, classes);
}

/** A model that exists has its size and classes. */
function checkIsAlone({ path, model, imageSize, classes }: SummaryRequest): void {
  if (model === undefined && imageSize === undefined && classes === undefined) return;
  throw new InputError(
    "option.conflict",
    `Expected a model or the options of an architecture, found both: "${path}" has its own layers`,
  );
}
