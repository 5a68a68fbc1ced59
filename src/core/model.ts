import { z } from "zod";
import { InputError, suggest } from "../util/errors.ts";
import { type Pieces, withoutPauses, withPauses } from "../util/pauses.ts";
import { elementCount, formatShape, roundUp } from "../util/shapes.ts";
import type { LayerDescription, ModelDescription } from "./description.ts";
import { type Initializer, initialize } from "./initializers.ts";
import type { LayerDefinition } from "./layers/define.ts";
import { layerDefinitions } from "./layers/table.ts";
import type { Tensor } from "./program.ts";
import type { Recorder } from "./recorder.ts";

/** Weights begin on cache lines. */
const ALIGNED_FLOATS = 16;

/** Above these a file is damaged or made to do harm: a thousand layers are many, and a photo of 4096x4096 in 16 channels is large. */
export const MOST_LAYERS = 5000;
const MOST_VALUES = 2 ** 28;

/** A weight of a model and where it lies in the state. */
export interface ModelWeight {
  readonly layer: string;
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** Off for running statistics and the weights of frozen layers. */
  readonly trainable: boolean;
  /** In float32 numbers from the start of the state. */
  readonly offset: number;
}

export interface ModelLayer {
  readonly name: string;
  readonly definition: LayerDefinition;
  /** As the layer's schema gives it: complete and checked. */
  readonly config: unknown;
  /** Indices of the layers whose outputs it takes; -1 for the model's input. */
  readonly inputs: readonly number[];
  /** Without the batch. */
  readonly outputShape: readonly number[];
  readonly weights: readonly ModelWeight[];
}

/** A model whose description has been checked, with all shapes known. */
export interface Model {
  readonly description: ModelDescription;
  readonly layers: readonly ModelLayer[];
  readonly weights: readonly ModelWeight[];
  /** What an optimizer changes, in the order of `weights`. */
  readonly trainableWeights: readonly ModelWeight[];
  /** Without the batch. */
  readonly outputShape: readonly number[];
  /** Of all weights; the trainable ones come first in the state. Gaps for alignment included, in float32 numbers. */
  readonly weightLength: number;
  /** Of the trainable weights. */
  readonly trainableLength: number;
  readonly parameterCount: number;
}

/**
 * Checks a description and works out every shape.
 * @throws InputError `model.unknown-layer`, `model.bad-layer`, `model.bad-shape` or `model.bad-graph`, naming the layer
 */
export function buildModel(description: ModelDescription): Model {
  checkInput(description);
  const built: ModelLayer[] = [];
  const places = new Map<string, number>();
  const { inputName } = description;
  if (inputName !== undefined) places.set(inputName, -1);
  for (const [index, layer] of description.layers.entries()) {
    built.push(buildLayer(layer, built, places, description));
    places.set(layer.name, index);
  }
  checkAllAreUsed(built);
  const { layers, trainableLength, weightLength } = placeWeights(built);
  const weights = layers.flatMap((layer) => layer.weights);
  return {
    description,
    layers,
    weights,
    trainableWeights: weights.filter(({ trainable }) => trainable),
    outputShape: layers.at(-1)?.outputShape ?? description.inputShape,
    weightLength,
    trainableLength,
    parameterCount: countParameters(weights),
  };
}

export function countParameters(weights: readonly Pick<ModelWeight, "shape">[]): number {
  return weights.reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Records all layers. x [batch, ...inputShape]; returns [batch, ...outputShape]. */
export function recordModel(recorder: Recorder, model: Model, x: Tensor, training: boolean): Tensor {
  const outputs: Tensor[] = [];
  model.layers.forEach((layer, index) => {
    const weights = Object.fromEntries(
      layer.weights.map((weight) => [weight.name, recorder.state(weight.shape, weight.offset)]),
    );
    const inputs = layer.inputs.map((input) => (input < 0 ? x : outputs[input]));
    const call = { config: layer.config, inputs, weights, training, index };
    const record = () => layer.definition.record(recorder, inputs[0], call);
    outputs.push(recorder.within({ name: layer.name, pass: "forward" }, record));
  });
  return outputs.at(-1) ?? x;
}

/** First values of a model's weights, in the order of `model.weights`; the same for the same seed. */
export function initialWeights(model: Model, seed: number): Float32Array[] {
  return withoutPauses(drawWeights(model, seed));
}

/** The same, with pauses: ten million numbers take a quarter of a second. */
export function initialWeightsWithPauses(model: Model, seed: number): Promise<Float32Array[]> {
  return withPauses(drawWeights(model, seed));
}

function* drawWeights(model: Model, seed: number): Pieces<Float32Array[]> {
  const drawn: Float32Array[] = [];
  for (const [index, { initializer, shape }] of model.weights.entries())
    drawn.push(yield* initialize(initializer, shape, seed, index));
  return drawn;
}

function checkInput({ inputShape, layers }: ModelDescription): void {
  if (layers.length > MOST_LAYERS)
    throw new InputError(
      "model.too-large",
      `Expected a model of at most ${MOST_LAYERS} layers, found ${layers.length}`,
    );
  checkSize("The input", inputShape);
  if (inputShape.length === 3 && inputShape.every((side) => Number.isInteger(side) && side > 0)) return;
  throw new InputError(
    "model.bad-shape",
    `Expected an input of height x width x channels, each at least 1, found ${formatShape(inputShape)}`,
  );
}

function buildLayer(
  description: LayerDescription,
  before: readonly ModelLayer[],
  places: ReadonlyMap<string, number>,
  { inputShape: modelInput, layers }: ModelDescription,
): ModelLayer {
  const { className, name, config } = description;
  const definition = layerDefinitions.get(className);
  if (!definition) {
    const known = [...layerDefinitions.keys()];
    throw new InputError(
      "model.unknown-layer",
      `Layer "${name}", number ${before.length + 1} of ${layers.length}, is of an unknown class "${className}". ${suggest(className, known)}`,
    );
  }
  const inputs = inputIndices(description, definition, before.length - 1, places);
  const shapes = inputs.map((input) => (input < 0 ? modelInput : before[input].outputShape));
  const parsed = parseConfig(definition, name, config);
  try {
    const outputShape = definition.outputShape(shapes[0], parsed, shapes);
    checkSize(`The output of layer "${name}" (${className})`, outputShape);
    const specs = definition.weights?.(parsed, shapes[0]) ?? [];
    const weights = specs.map((spec) => ({
      layer: name,
      ...spec,
      trainable: spec.trainable !== false && config.trainable !== false,
      offset: 0,
    }));
    return { name, definition, config: parsed, inputs, outputShape, weights };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const found = shapes.map(formatShape).join(" and ");
    throw new InputError(
      "model.bad-shape",
      `Layer "${name}" (${className}) cannot take an input of ${found}. ${error.message}`,
      { cause: error },
    );
  }
}

function checkSize(what: string, shape: readonly number[]): void {
  if (!(elementCount(shape) > MOST_VALUES)) return;
  const message = `${what} is of ${formatShape(shape)} values. Expected at most ${MOST_VALUES} for an image`;
  throw new InputError("model.too-large", message);
}

/** A layer that leads nowhere would never be trained. */
function checkAllAreUsed(layers: readonly ModelLayer[]): void {
  const used = new Set(layers.flatMap(({ inputs }) => inputs));
  const unused = layers.find((_, index) => index < layers.length - 1 && !used.has(index));
  if (!unused) return;
  throw new InputError(
    "model.bad-graph",
    `Expected every layer to lead to the last, found "${unused.name}" used by none`,
  );
}

function inputIndices(
  { name, inputs }: LayerDescription,
  { joins }: LayerDefinition,
  previous: number,
  places: ReadonlyMap<string, number>,
): number[] {
  if (places.has(name)) {
    throw new InputError("model.bad-graph", `Expected layer names to be unique, found "${name}" twice`);
  }
  if (inputs === undefined && !joins) return [previous];
  const indices = (inputs ?? []).flatMap((input) => places.get(input) ?? []);
  const known = indices.length === (inputs ?? []).length;
  if (known && (joins ? indices.length > 1 : indices.length === 1)) return indices;
  const expected = joins ? "the outputs of two or more earlier layers" : "the output of one earlier layer";
  throw new InputError(
    "model.bad-graph",
    `Expected layer "${name}" to take ${expected}, found ${inputs?.join(", ") || "none"}`,
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

/** The trainable weights end to end, so that one operation updates all of them; behind them the others. */
function placeWeights(built: readonly ModelLayer[]) {
  const weights = built.flatMap((layer) => layer.weights);
  const offsets = new Map<ModelWeight, number>();
  let end = 0;
  const place = (weight: ModelWeight) => {
    offsets.set(weight, end);
    end = roundUp(end + elementCount(weight.shape), ALIGNED_FLOATS);
  };
  weights.filter(({ trainable }) => trainable).forEach(place);
  const trainableLength = end;
  weights.filter(({ trainable }) => !trainable).forEach(place);
  const layers = built.map((layer) => ({
    ...layer,
    weights: layer.weights.map((weight) => ({ ...weight, offset: offsets.get(weight) ?? 0 })),
  }));
  return { layers, trainableLength, weightLength: end };
}
