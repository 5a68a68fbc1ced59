import { z } from "zod";
import { InputError, suggest } from "../util/errors.ts";
import { elementCount, formatShape, roundUp } from "../util/shapes.ts";
import type { LayerDescription, ModelDescription } from "./description.ts";
import { type InitializerName, initialize } from "./initializers.ts";
import type { LayerDefinition } from "./layers/define.ts";
import { layerDefinitions } from "./layers/table.ts";
import type { Tensor } from "./program.ts";
import type { Recorder } from "./recorder.ts";

/** Weights begin on cache lines. */
const ALIGNED_FLOATS = 16;

/** A weight of a model and where it lies in the state. */
export interface ModelWeight {
  readonly layer: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: InitializerName;
  /** In float32 numbers from the start of the state. */
  readonly offset: number;
}

export interface ModelLayer {
  readonly name: string;
  readonly definition: LayerDefinition;
  /** As the layer's schema gives it: complete and checked. */
  readonly config: unknown;
  /** Index of the layer whose output it takes; -1 for the model's input. */
  readonly input: number;
  /** Without the batch. */
  readonly outputShape: readonly number[];
  readonly weights: readonly ModelWeight[];
}

/** A model whose description has been checked, with all shapes known. */
export interface Model {
  readonly description: ModelDescription;
  readonly layers: readonly ModelLayer[];
  readonly weights: readonly ModelWeight[];
  /** Without the batch. */
  readonly outputShape: readonly number[];
  readonly parameterCount: number;
  /** Length of all weights laid end to end, gaps for alignment included, in float32 numbers. */
  readonly weightLength: number;
}

/**
 * Checks a description and works out every shape.
 * @throws InputError `model.unknown-layer`, `model.bad-layer`, `model.bad-shape` or `model.bad-graph`, naming the layer
 */
export function buildModel(description: ModelDescription): Model {
  checkInput(description);
  const layers: ModelLayer[] = [];
  let weightLength = 0;
  for (const layerDescription of description.layers) {
    const layer = buildLayer(layerDescription, layers, description.inputShape, weightLength);
    for (const weight of layer.weights) {
      weightLength = roundUp(weight.offset + elementCount(weight.shape), ALIGNED_FLOATS);
    }
    layers.push(layer);
  }
  checkAllAreUsed(layers);
  const weights = layers.flatMap((layer) => layer.weights);
  return {
    description,
    layers,
    weights,
    outputShape: layers.at(-1)?.outputShape ?? description.inputShape,
    parameterCount: weights.reduce((sum, { shape }) => sum + elementCount(shape), 0),
    weightLength,
  };
}

/** Records all layers. x [batch, ...inputShape]; returns [batch, ...outputShape]. */
export function recordModel(recorder: Recorder, model: Model, x: Tensor, training: boolean): Tensor {
  const outputs: Tensor[] = [];
  model.layers.forEach((layer, index) => {
    const weights = Object.fromEntries(
      layer.weights.map((weight) => [weight.name, recorder.state(weight.shape, weight.offset)]),
    );
    const input = layer.input < 0 ? x : outputs[layer.input];
    const record = () =>
      layer.definition.record(recorder, input, { config: layer.config, weights, training, index });
    outputs.push(recorder.within({ name: layer.name, pass: "forward" }, record));
  });
  return outputs.at(-1) ?? x;
}

/** First values of a model's weights, in the order of `model.weights`; the same for the same seed. */
export function initialWeights(model: Model, seed: number): Float32Array[] {
  return model.weights.map(({ initializer, shape }, index) => initialize(initializer, shape, seed, index));
}

function checkInput({ inputShape }: ModelDescription): void {
  if (inputShape.length === 3 && inputShape.every((side) => Number.isInteger(side) && side > 0)) return;
  throw new InputError(
    "model.bad-shape",
    `Expected an input of height x width x channels, each at least 1, found ${formatShape(inputShape)}`,
  );
}

function buildLayer(
  { className, name, config, inputs }: LayerDescription,
  before: readonly ModelLayer[],
  modelInput: readonly number[],
  offset: number,
): ModelLayer {
  const definition = layerDefinitions.get(className);
  if (!definition) {
    const known = [...layerDefinitions.keys()];
    throw new InputError(
      "model.unknown-layer",
      `Layer "${name}" is of an unknown class "${className}". ${suggest(className, known)}`,
    );
  }
  const input = inputIndex(name, inputs, before);
  const inputShape = input < 0 ? modelInput : before[input].outputShape;
  const parsed = parseConfig(definition, name, config);
  try {
    const outputShape = definition.outputShape(inputShape, parsed);
    const weights = placeWeights(name, definition.weights?.(parsed, inputShape) ?? [], offset);
    return { name, definition, config: parsed, input, outputShape, weights };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(
      "model.bad-shape",
      `Layer "${name}" (${className}) cannot take an input of ${formatShape(inputShape)}. ${error.message}`,
      { cause: error },
    );
  }
}

/** A layer that leads nowhere would never be trained. */
function checkAllAreUsed(layers: readonly ModelLayer[]): void {
  const used = new Set(layers.map(({ input }) => input));
  const unused = layers.find((_, index) => index < layers.length - 1 && !used.has(index));
  if (!unused) return;
  throw new InputError(
    "model.bad-graph",
    `Expected every layer to lead to the last, found "${unused.name}" used by none`,
  );
}

function inputIndex(
  name: string,
  inputs: readonly string[] | undefined,
  before: readonly ModelLayer[],
): number {
  if (before.some((layer) => layer.name === name)) {
    throw new InputError("model.bad-graph", `Expected layer names to be unique, found "${name}" twice`);
  }
  if (inputs === undefined) return before.length - 1;
  const index = before.findIndex((layer) => layer.name === inputs[0]);
  if (inputs.length === 1 && index >= 0) return index;
  throw new InputError(
    "model.bad-graph",
    `Expected layer "${name}" to take the output of one earlier layer, found ${inputs.join(", ") || "none"}`,
  );
}

function parseConfig(definition: LayerDefinition, name: string, config: unknown): unknown {
  const parsed = definition.config.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new InputError(
    "model.bad-layer",
    `Layer "${name}" (${definition.className}) has settings that cannot be used here: ${z.prettifyError(parsed.error)}`,
    { cause: parsed.error },
  );
}

function placeWeights(layer: string, specs: readonly Omit<ModelWeight, "layer" | "offset">[], start: number) {
  let offset = start;
  return specs.map((spec) => {
    const weight = { layer, ...spec, offset };
    offset = roundUp(offset + elementCount(spec.shape), ALIGNED_FLOATS);
    return weight;
  });
}
