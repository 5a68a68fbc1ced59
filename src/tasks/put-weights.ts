import type { WeightRecord } from "../core/description.ts";
import type { Model, ModelWeight } from "../core/model.ts";
import { findByName, wantedWeights } from "../formats/keras/find-weights.ts";
import { layerFolders } from "../formats/keras/variables.ts";
import type { LooseWeights } from "../formats/saved-model.ts";
import { InputError } from "../util/errors.ts";
import { listed } from "../util/listed.ts";
import { formatShape, sameShape } from "../util/shapes.ts";

/** Weights under the names of a model, and what should be said of how they got them. */
export interface PutWeights {
  readonly weights: readonly WeightRecord[];
  readonly notices: readonly string[];
}

/**
 * Puts weights without a model into one: by their names, else in their order where all shapes fit.
 * @throws InputError `model.bad-weights` that names what is missing, what is of another shape and what is left over
 */
export function putWeights(model: Model, loose: LooseWeights): PutWeights {
  const names = loose.weights.map(({ layer, name }) => (layer === "" ? name : `${layer}/${name}`));
  const found = loose.named === "by class" ? byClass(model, names) : byName(model, names);
  const records = found?.map((name) => loose.weights[names.indexOf(name)]);
  if (found && records && fit(model, records)) {
    return { weights: renamed(model, records), notices: leftOver(names, found) };
  }
  if (loose.weights.length === model.weights.length && fit(model, loose.weights)) {
    const notice = `The file has other names than the network: its ${names.length} arrays were taken in their order, since every shape fits`;
    return { weights: renamed(model, loose.weights), notices: [notice] };
  }
  throw mismatch(model, loose, found, names);
}

function byName(model: Model, names: readonly string[]): string[] | undefined {
  const tree = model.layers.map(({ name, definition }) => ({
    name,
    layer: name,
    className: definition.className,
  }));
  return findByName(wantedWeights(model, tree), names);
}

/** As Keras 3 counts layers: the second convolution's kernel is `conv2d_1/0`. */
function byClass({ description, layers }: Model, names: readonly string[]): string[] | undefined {
  const folders = layerFolders(description.layers).map((folder) => folder.slice(folder.indexOf("/") + 1));
  const wanted = layers.flatMap(({ weights }, i) => weights.map((_, index) => `${folders[i]}/${index}`));
  return wanted.every((name) => names.includes(name)) ? wanted : undefined;
}

function fit({ weights }: Model, records: readonly WeightRecord[]): boolean {
  return weights.every(({ shape }, i) => sameShape(shape, records[i].shape));
}

function renamed({ weights }: Model, records: readonly WeightRecord[]): WeightRecord[] {
  return weights.map(({ layer, name, shape }, i) => ({ layer, name, shape, values: records[i].values }));
}

function leftOver(names: readonly string[], found: readonly string[]): string[] {
  const left = names.filter((name) => !found.includes(name));
  return left.length === 0 ? [] : [`Not of the network, and left out: ${listed(left)}`];
}

function mismatch(
  model: Model,
  { weights }: LooseWeights,
  found: readonly string[] | undefined,
  names: readonly string[],
): InputError {
  const wanted = (weight: ModelWeight, i: number) => {
    const record = found ? weights[names.indexOf(found[i])] : weights[i];
    if (record && sameShape(record.shape, weight.shape)) return [];
    const what = record ? `${formatShape(record.shape)} in ${names[weights.indexOf(record)]}` : "none";
    return [`${weight.layer}/${weight.name} of ${formatShape(weight.shape)}, found ${what}`];
  };
  const order = found ? "by name" : `in their order, as ${names.length} arrays for ${model.weights.length}`;
  const wrong = model.weights.flatMap(wanted);
  const more = names.slice(found ? names.length : model.weights.length);
  const beyond = more.length === 0 ? "" : `; and beyond these, found ${listed(more)}`;
  return new InputError(
    "model.bad-weights",
    `Expected the weights of the network, compared ${order}: ${listed(wrong, "; ") || "all fit"}${beyond}`,
  );
}
