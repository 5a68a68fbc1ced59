import type { LayerDescription, WeightRecord } from "../core/description.ts";
import type { Model } from "../core/model.ts";
import { toSnakeCase } from "../formats/keras/spelling.ts";
import type { LossOrMetric, SavedModel } from "../formats/saved-model.ts";

/** A power of two, so that taking it from a variance and adding it again changes little. */
const EPSILON = 2 ** -20;

/**
 * A model that first takes a mean from each channel and divides by a deviation. A batch normalisation that keeps its statistics
 * says just that, and every format and backend has it.
 */
export function withNormalization(
  saved: SavedModel,
  { mean, deviation }: { readonly mean: readonly number[]; readonly deviation: readonly number[] },
): SavedModel {
  const { layers, inputName, ...description } = saved.description;
  const layer = unusedName("normalization", saved);
  const config = { axis: -1, epsilon: EPSILON, center: false, scale: false, trainable: false };
  const first: LayerDescription = { className: "BatchNormalization", name: layer, config };
  const behind = layers.map(({ inputs, ...rest }) => ({
    ...rest,
    ...(inputs && { inputs: inputs.map((input) => (input === inputName ? layer : input)) }),
  }));
  const record = (name: string, values: readonly number[]): WeightRecord => ({
    layer,
    name,
    shape: [values.length],
    values: Float32Array.from(values),
  });
  const variance = deviation.map((each) => each * each - EPSILON);
  return {
    ...saved,
    description: { ...description, layers: [first, ...behind] },
    weights: [record("moving_mean", mean), record("moving_variance", variance), ...saved.weights],
  };
}

const probable = ["softmax", "sigmoid", "hard_sigmoid"];
const passing = ["Flatten", "Reshape", "Dropout"];

/** Whether a model ends in probabilities. One that was trained with its softmax in the loss, as PyTorch's are, does not. */
export function endsInProbabilities({ layers }: Model): boolean {
  const last = layers.findLast(({ definition }) => !passing.includes(definition.className));
  const { activation } = (last?.config ?? {}) as { activation?: string };
  return last?.definition.className === "Softmax" || probable.includes(activation ?? "");
}

/** A model with the softmax behind it that its training had in the loss; with one output, the sigmoid. */
export function withProbabilities(saved: SavedModel, { outputShape }: Model): SavedModel {
  const { description } = saved;
  const activation = outputShape[0] === 1 ? "sigmoid" : "softmax";
  const last = { className: "Activation", name: unusedName("probabilities", saved), config: { activation } };
  const { compile, ...rest } = saved;
  return {
    ...rest,
    description: { ...description, layers: [...description.layers, last] },
    ...(compile && { compile: { ...compile, loss: ofProbabilities(compile.loss) } }),
  };
}

/** Whether a model is known to have been trained without the softmax that its loss had. */
export function givesLogits({ compile }: SavedModel, model: Model): boolean {
  const loss = compile?.loss;
  return typeof loss === "object" && loss.config.fromLogits === true && !endsInProbabilities(model);
}

function ofProbabilities(loss: LossOrMetric): LossOrMetric {
  if (typeof loss === "string") return loss;
  const { fromLogits: _, ...config } = loss.config;
  return Object.keys(config).length === 0
    ? toSnakeCase(loss.className)
    : { className: loss.className, config };
}

function unusedName(wanted: string, saved: SavedModel): string {
  const { layers, inputName } = saved.description;
  const taken = wanted === inputName || layers.some(({ name }) => name === wanted);
  return taken ? unusedName(`${wanted}_`, saved) : wanted;
}
