import { buildModel, type Model } from "../core/model.ts";
import { describeNetwork } from "../core/networks/table.ts";
import { InputError } from "../util/errors.ts";
import { elementCount } from "../util/shapes.ts";
import { loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";

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

/** The layer table of a model. */
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
  if (request.path !== undefined) return (await loadClassifier(machine, request.path)).model;
  const { model = "report", imageSize = 256, classes = 2 } = request;
  if (!Number.isInteger(classes) || classes < 2) {
    throw new InputError(
      "option.bad-value",
      `Option classes: expected a whole number from 2 on; found ${classes}`,
    );
  }
  return buildModel(describeNetwork(model, [imageSize, imageSize, 3], classes));
}
