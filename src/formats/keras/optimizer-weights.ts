import type { LayerDescription, OptimizerRecord, WeightRecord } from "../../core/description.ts";
import { type ReadGroup, readTexts } from "../hdf5/group.ts";
import { type NewArray, type NewGroup, writeTexts } from "../hdf5/tree.ts";
import type { CompileRecord } from "../saved-model.ts";

/**
 * The group `optimizer_weights`, in the order by which Keras 3 assigns them: updates made, learning rate, then for
 * each trained weight its slots. Keras 2 has no learning rate there: it loads the model and says that the
 * optimizer starts anew.
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
  const { className, config, iterations, slots } = optimizer;
  const group = root.group("optimizer_weights");
  const prefix = className.toLowerCase();
  const names: string[] = [];
  const write = (name: string, shape: readonly number[], values: NewArray["values"]) => {
    group.write(`${prefix}/${name}`, { shape, values });
    names.push(`${prefix}/${name}`);
  };
  write("iteration", [], BigInt64Array.of(BigInt(iterations)));
  // A schedule has no variable of its own: Keras computes the rate from the updates made.
  if (typeof config.learningRate === "number")
    write("learning_rate", [], Float32Array.of(config.learningRate));
  for (const { slot, weight } of inKerasOrder(className, slots, weights)) {
    write(`${weight.layer}_${weight.name}_${slot}`, weight.shape, weight.values);
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
  const slots = readSlots(group, names.filter(isSlot), order, trained);
  return slots && { ...optimizer, iterations: group.count(iteration), slots };
}

const iterationName = /(^|\/)iter(ation)?(:\d+)?$/;
const learningRateName = /(^|\/)learning_rate(:\d+)?$/;

function isSlot(name: string): boolean {
  return !iterationName.test(name) && !learningRateName.test(name);
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
