import { z } from "zod";
import type { LayerDescription } from "../../core/description.ts";
import { InputError } from "../../util/errors.ts";
import { damagedModel } from "../hdf5/group.ts";
import { checkModelConfig, isModel, type KerasGraph, nameOf, unsupported } from "./config-schema.ts";
import { flatten } from "./flatten.ts";
import { inboundNodes } from "./graph.ts";
import { type OtherKeys, toKerasLayer } from "./layer-config.ts";
import type { LayerNode } from "./layer-tree.ts";
import { type FileDescription, takePhotoLayers, type WithoutPhotoLayers } from "./photo-layers.ts";
import { precisionNotices } from "./precision.ts";

/** A model's class and config, which Keras 3 reads, and Keras 2 with the keys that it knows. */
export function toModelConfig(description: FileDescription, otherKeys: OtherKeys = {}) {
  const inputName = description.inputName ?? unusedName("input_layer", description.layers);
  const inputLayer = {
    class_name: "InputLayer",
    config: {
      batch_input_shape: [null, ...description.inputShape], // Keras 3 calls it batch_shape, and reads this too
      dtype: "float32",
      name: inputName,
    },
  };
  const layers = description.layers.map((layer) => toKerasLayer(layer, otherKeys));
  if (isSequence(description.layers)) {
    return { class_name: "Sequential", config: { name: description.name, layers: [inputLayer, ...layers] } };
  }
  const names = [inputName, ...description.layers.map(({ name }) => name)];
  const connected = layers.map((layer, i) => ({
    ...layer,
    name: names[i + 1],
    inbound_nodes: inboundNodes(description.layers[i], names[i]),
  }));
  const config = {
    name: description.name,
    trainable: true,
    layers: [{ ...inputLayer, name: inputName, inbound_nodes: [] }, ...connected],
    input_layers: [[inputName, 0, 0]],
    output_layers: [[names[names.length - 1], 0, 0]],
  };
  return { class_name: "Functional", config };
}

/** A model as its config describes it. */
export interface ReadConfig extends WithoutPhotoLayers {
  /** The layers as the file nests them, by which it keeps their weights. */
  readonly tree: readonly LayerNode[];
  /** What of it is taken otherwise than it says. */
  readonly notices?: readonly string[];
}

/**
 * The model in a config, as Keras 2 or Keras 3 writes it, sequential or functional, models among its layers flattened, and the layers
 * in front that prepare photos as a rule.
 */
export function fromModelConfig(modelConfig: unknown, where: string): ReadConfig {
  const { class_name: className, config } = checkModelConfig(modelConfig, where);
  const [height, width, channels] = inputShapeOf(config);
  const { tree, ...layers } = orTooDeep(where, () => flatten(className, config));
  const found = orTooDeep(where, () => precisionNotices(config));
  const notices = found.length > 0 && { notices: found };
  const rest = { name: config.name, ...layers };
  if (height !== null && width !== null)
    return { description: { ...rest, inputShape: [height, width, channels] }, tree, ...notices };
  const inputShape = [height, width, channels];
  const taken = takePhotoLayers({ ...rest, inputShape });
  if (taken === undefined) throw badInput([null, ...inputShape]);
  refuseRounding(config);
  return { ...taken, tree, ...notices };
}

/** Settings are walked as they nest, and a file can nest them deeper than the stack is. */
function orTooDeep<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damagedModel(`Expected settings a few levels deep in ${where}, found thousands (${error.message})`);
  }
}

/** Each layer takes from the one before it. */
function isSequence(layers: readonly LayerDescription[]): boolean {
  return layers.every(
    ({ inputs }, i) => inputs === undefined || (inputs.length === 1 && inputs[0] === layers[i - 1]?.name),
  );
}

/** Keras 3 rounds to bytes what Resizing makes of bytes; Keras 2 does not. */
function refuseRounding({ layers: [first] }: KerasGraph): void {
  const { dtype, batch_shape: keras3 } = first.config;
  if (keras3 === undefined || typeof dtype !== "string" || dtype.startsWith("float")) return;
  throw unsupported(nameOf(first), `input of ${dtype}, of which Resizing gives no fractions,`);
}

const side = z.number().nullable();
const batchShapeSchema = z.tuple([z.number().nullable(), side, side, z.number()]);

function inputShapeOf(graph: KerasGraph): readonly [number | null, number | null, number] {
  const [first] = graph.layers;
  const { batch_input_shape: keras2, batch_shape: keras3 } = first.config;
  const found = keras2 ?? keras3 ?? graph.build_input_shape ?? null;
  const shape = batchShapeSchema.safeParse(found);
  if (shape.success) return [shape.data[1], shape.data[2], shape.data[3]];
  if (found === null && isModel(first)) return inputShapeOf(checkModelConfig(first, nameOf(first)).config);
  throw badInput(found);
}

function badInput(found: unknown): InputError {
  const message = `Expected a model of images, [null, height, width, channels], or of any size with Resizing in front, found the input shape ${JSON.stringify(found)}`;
  return new InputError("model.unsupported", message);
}

function unusedName(wanted: string, layers: readonly LayerDescription[]): string {
  return layers.some(({ name }) => name === wanted) ? unusedName(`${wanted}_`, layers) : wanted;
}
