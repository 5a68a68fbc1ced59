import { z } from "zod";
import type { LayerDescription, ModelDescription } from "../../core/description.ts";
import { InputError } from "../../util/errors.ts";
import { checkModelConfig, type KerasGraph, type KerasLayer } from "./config-schema.ts";
import { graphLayers, inboundNodes } from "./graph.ts";
import { fromKerasLayer, type OtherKeys, toKerasLayer } from "./layer-config.ts";

/** A model's class and config, which Keras 3 reads, and Keras 2 with the keys that it knows. */
export function toModelConfig(description: ModelDescription, otherKeys: OtherKeys = {}) {
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

/** The description in a model's config, as Keras 2 or Keras 3 writes it, sequential or functional. */
export function fromModelConfig(modelConfig: unknown, where: string): ModelDescription {
  const { class_name: className, config } = checkModelConfig(modelConfig, where);
  const inputShape = inputShapeOf(config, config.layers[0]);
  const graph =
    className === "Sequential" ? { layers: sequentialLayers(config) } : functionalLayers(className, config);
  return { name: config.name, inputShape, ...graph };
}

function sequentialLayers({ layers }: KerasGraph): LayerDescription[] {
  // Until Keras 2.2 the first layer said the input's shape and there was no InputLayer.
  return (layers[0].class_name === "InputLayer" ? layers.slice(1) : layers).map(fromKerasLayer);
}

function functionalLayers(className: string, graph: KerasGraph) {
  const { layers, ...input } = graphLayers(className, graph);
  const described = layers.map(({ layer, inputs }) =>
    inputs === undefined ? fromKerasLayer(layer) : { ...fromKerasLayer(layer), inputs },
  );
  return { layers: described, ...input };
}

/** Each layer takes from the one before it. */
function isSequence(layers: readonly LayerDescription[]): boolean {
  return layers.every(
    ({ inputs }, i) => inputs === undefined || (inputs.length === 1 && inputs[0] === layers[i - 1]?.name),
  );
}

const batchShapeSchema = z.tuple([z.number().nullable(), z.number(), z.number(), z.number()]);

function inputShapeOf(graph: KerasGraph, first: KerasLayer): ModelDescription["inputShape"] {
  const { batch_input_shape: keras2, batch_shape: keras3 } = first.config;
  const found = keras2 ?? keras3 ?? graph.build_input_shape ?? null;
  const shape = batchShapeSchema.safeParse(found);
  if (shape.success) return [shape.data[1], shape.data[2], shape.data[3]];
  throw new InputError(
    "model.unsupported",
    `Expected a model of images, [null, height, width, channels], found the input shape ${JSON.stringify(found)}`,
  );
}

function unusedName(wanted: string, layers: readonly LayerDescription[]): string {
  return layers.some(({ name }) => name === wanted) ? unusedName(`${wanted}_`, layers) : wanted;
}
