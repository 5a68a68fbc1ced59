import type { OptimizerRecord, WeightRecord } from "../../core/description.ts";
import type { Model } from "../../core/model.ts";
import { damagedModel, type ReadGroup } from "../hdf5/group.ts";
import type { NewArray, NewGroup } from "../hdf5/tree.ts";
import type { CompileRecord, SavedModel } from "../saved-model.ts";
import type { LayerNode } from "./layer-tree.ts";
import { inKerasOrder, readSlots, slotOrder, trainedWeights } from "./optimizer-weights.ts";
import type { FileModel } from "./photo-layers.ts";

/**
 * Keras 3's store of variables (`model.weights.h5`): those of a layer by their number in `layers/<class>_<n>/vars`, of the
 * optimizer in `optimizer/vars`: updates made, learning rate, then the slots of each trained weight.
 */

export function writeVariables(root: NewGroup, { description, weights, optimizer }: FileModel): void {
  const folders = layerFolders(description.layers);
  description.layers.forEach(({ name }, i) => {
    const arrays = weights.filter(({ layer }) => layer === name);
    writeNumbered(root, folders[i], name, arrays);
  });
  if (optimizer)
    writeNumbered(root, "optimizer", optimizer.className.toLowerCase(), stateOf(optimizer, weights));
}

function writeNumbered(root: NewGroup, folder: string, name: string, arrays: readonly NewArray[]): void {
  const group = root.group(`${folder}/vars`);
  group.attributes.set("name", name);
  arrays.forEach(({ shape, values }, i) => {
    group.write(String(i), { shape, values });
  });
}

function stateOf(optimizer: OptimizerRecord, weights: readonly WeightRecord[]): NewArray[] {
  const { className, config, iterations, slots } = optimizer;
  const rate = config.learningRate;
  return [
    { shape: [], values: BigInt64Array.of(BigInt(iterations)) },
    ...(typeof rate === "number" ? [{ shape: [], values: Float32Array.of(rate) }] : []),
    ...inKerasOrder(className, slots, weights).map(({ weight }) => weight),
  ];
}

/** The weights of a model, by the names that its layers have for them. */
export function readVariables(
  root: ReadGroup,
  model: Model,
  tree: readonly LayerNode[],
  above = "",
): WeightRecord[] {
  const folders = layerFolders(tree);
  return tree.flatMap(({ layer, layers = [] }, i) => {
    const folder = `${above}${folders[i]}`;
    return layer === undefined
      ? readVariables(root, model, layers, `${folder}/`)
      : readLayer(root, model, layer, folder);
  });
}

function readLayer(root: ReadGroup, model: Model, layer: string, folder: string): WeightRecord[] {
  const weights = model.weights.filter((weight) => weight.layer === layer);
  return weights.map(({ name }, index) => {
    const path = `${folder}/vars/${index}`;
    if (root.has(path)) return { layer, name, ...root.floats(path) };
    throw damagedModel(`Expected the ${name} of layer "${layer}" at "${path}", found nothing there`);
  });
}

/** `undefined` where the file has no state or one of an optimizer that Fovea does not know. */
export function readOptimizerVariables(
  root: ReadGroup,
  optimizer: CompileRecord["optimizer"],
  model: Pick<SavedModel, "description" | "weights">,
): OptimizerRecord | undefined {
  const order = slotOrder[optimizer.className];
  if (order === undefined || !root.has("optimizer/vars/0")) return undefined;
  const group = root.group("optimizer/vars");
  const trained = trainedWeights(model.description.layers, model.weights);
  const hasRate = group.has("1") && group.floats("1").shape.length === 0; // of Keras 3, and not of a schedule
  const first = hasRate ? 2 : 1;
  const names: string[] = [];
  while (group.has(String(first + names.length))) names.push(String(first + names.length));
  const slots = readSlots(group, names, order, trained);
  return slots && { ...optimizer, iterations: group.count("0"), slots };
}

/** Keras counts the layers of each class, whatever their names are. */
export function layerFolders(layers: readonly { readonly className: string }[]): string[] {
  const used = new Map<string, number>();
  return layers.map(({ className }) => {
    const folder = folderOfClass(className);
    const count = used.get(folder) ?? 0;
    used.set(folder, count + 1);
    return `layers/${count === 0 ? folder : `${folder}_${count}`}`;
  });
}

/** `MaxPooling2D` is `max_pooling2d`: unlike in the keys of a config, a number stays with its word. */
function folderOfClass(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}
