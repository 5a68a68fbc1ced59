import type { LayerDescription, OptimizerRecord, WeightRecord } from "../../core/description.ts";
import { type ReadGroup, readTexts } from "../hdf5/group.ts";
import { type NewArray, type NewGroup, writeTexts } from "../hdf5/tree.ts";
import type { CompileRecord } from "../saved-model.ts";

/**
 * The group `optimizer_weights`, in the order by which Keras 2 assigns them: updates made, then for each trained weight its slots.
 * Keras 3 wants the learning rate between them and takes no slots of its own files either; its format is `.keras`.
 */

/** The slots of a weight, in Keras's order. SGD has one only with momentum. */
export const slotOrder: Readonly<Record<string, readonly string[]>> = {
  Adam: ["momentum", "velocity"],
  SGD: ["momentum"],
};

export function writeOptimizer(
  root: NewGroup,
  optimizer: OptimizerRecord,
  weights: readonly WeightRecord[],
): void {
  const { className, iterations, slots } = optimizer;
  const group = root.group("optimizer_weights");
  const names: string[] = [];
  const write = (name: string, shape: readonly number[], values: NewArray["values"]) => {
    group.write(name, { shape, values });
    names.push(name);
  };
  write("iteration:0", [], BigInt64Array.of(BigInt(iterations)));
  for (const { slot, weight } of inKerasOrder(className, slots, weights)) {
    write(`${className}/${slot.charAt(0)}/${weight.layer}/${weight.name}:0`, weight.shape, weight.values);
  }
  writeTexts(group, "weight_names", names);
}

/** Weight by weight, and each weight's slots in Keras's order. */
export function inKerasOrder(
  className: string,
  slots: OptimizerRecord["slots"],
  weights: readonly WeightRecord[],
): OptimizerRecord["slots"] {
  const known = new Map(slots.map((each) => [slotKey(each.weight, each.slot), each]));
  const order = slotOrder[className] ?? [];
  return weights.flatMap((weight) => order.flatMap((slot) => known.get(slotKey(weight, slot)) ?? []));
}

/**
 * The optimizer's state, as Keras 2, Keras 3 or `writeOptimizer` has written it. `undefined` where the file has none
 * or one of an optimizer that Fovea does not know; the model is as good without it.
 */
export function readOptimizer(
  root: ReadGroup,
  optimizer: CompileRecord["optimizer"],
  trained: readonly WeightRecord[],
): OptimizerRecord | undefined {
  const order = slotOrder[optimizer.className];
  if (order === undefined || !root.has("optimizer_weights")) return undefined;
  const group = root.group("optimizer_weights");
  const names = readTexts(group, "weight_names");
  const iteration = names.find((name) => iterationName.test(name));
  if (iteration === undefined) return undefined;
  const slots = readSlots(group, weightByWeight(names.filter(isSlot), order.length), order, trained);
  return slots && { ...optimizer, iterations: group.count(iteration), slots };
}

const iterationName = /(^|\/)iter(ation)?(:\d+)?$/;
const learningRateName = /(^|\/)learning_rate(:\d+)?$/;

function isSlot(name: string): boolean {
  return !iterationName.test(name) && !learningRateName.test(name);
}

/** The optimizers of Keras until 2.10 (`legacy` since) list one slot of all weights, `Adam/conv2d/kernel/m:0`, before the next. */
function weightByWeight(names: readonly string[], slots: number): readonly string[] {
  if (!names.every((name) => /\/(m|v|momentum)(:\d+)?$/.test(name))) return names;
  const weights = names.length / slots;
  return names.map((_, i) => names[(i % slots) * weights + Math.floor(i / slots)] ?? names[i]);
}

/** Keras's names of slots differ from version to version; as Keras does, this goes by their order and their shapes. */
export function readSlots(
  group: ReadGroup,
  names: readonly string[],
  order: readonly string[],
  trained: readonly WeightRecord[],
): OptimizerRecord["slots"] | undefined {
  if (names.length !== 0 && names.length !== trained.length * order.length) return undefined;
  const slots = names.map((name, i) => {
    const { layer, name: weightName } = trained[Math.floor(i / order.length)];
    const weight = { layer, name: weightName, ...group.floats(name) };
    return { slot: order[i % order.length], weight };
  });
  const fit = slots.every(({ weight }, i) => sameShape(weight, trained[Math.floor(i / order.length)]));
  return fit ? slots : undefined;
}

/** The weights that an optimizer changes: not those of a frozen layer, nor running statistics. */
export function trainedWeights(
  layers: readonly LayerDescription[],
  weights: readonly WeightRecord[],
): WeightRecord[] {
  const frozen = new Set(layers.filter(({ config }) => config.trainable === false).map(({ name }) => name));
  return weights.filter(({ layer, name }) => !frozen.has(layer) && !/^moving_?(mean|variance)$/i.test(name));
}

function slotKey({ layer, name }: WeightRecord, slot: string): string {
  return `${layer}/${name}/${slot}`;
}

function sameShape(a: WeightRecord, b: WeightRecord): boolean {
  return a.shape.length === b.shape.length && a.shape.every((side, i) => side === b.shape[i]);
}
