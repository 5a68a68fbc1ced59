import type { LayerDescription } from "../../core/description.ts";
import { arithmeticLayer } from "./arithmetic.ts";
import { type KerasGraph, type KerasLayer, nameOf, unsupported } from "./config-schema.ts";

/** A layer of a model and the layers that it takes from, the model's input among them. */
export interface GraphLayer {
  readonly layer: KerasLayer;
  /** Absent where the layer takes from the one before it, as in a sequence. */
  readonly inputs?: readonly string[];
}

/**
 * The layers of a functional model without its input, in the order of the file, in which each stands after those
 * that it takes from.
 */
export function graphLayers(className: string, { layers, output_layers: outputs }: KerasGraph): GraphLayer[] {
  const [input, ...rest] = layers;
  if (input.class_name !== "InputLayer")
    throw unsupported(nameOf(input), `${className} without an InputLayer`);
  const last = nameOf(layers[layers.length - 1]);
  if (referencesIn(outputs).some((name) => name !== last) || referencesIn(outputs).length > 1) {
    throw unsupported(last, `${className} with outputs beside it`);
  }
  return rest.map(connect);
}

/** How Keras 2 writes where a layer takes from, which Keras 3 reads too. */
export function inboundNodes({ inputs }: LayerDescription, previous: string): unknown {
  return [(inputs ?? [previous]).map(referenceTo)];
}

/** Layer, call of the layer, output of the call, and what else the call was given. */
function referenceTo(name: string): unknown {
  return [name, 0, 0, {}];
}

function connect(layer: KerasLayer): GraphLayer {
  const calls = layer.inbound_nodes ?? [];
  if (calls.length !== 1) throw unsupported(nameOf(layer), `use in ${calls.length} places`);
  return arithmeticLayer(layer, calls[0]) ?? { layer, inputs: referencesIn(calls[0]) };
}

/**
 * The names in a node, wherever it keeps them. A reference is [name, call, tensor] in Keras 2 and 3; Keras 3 puts
 * it inside an object (`keras_history`), Keras 2 adds the call's arguments to it.
 */
function referencesIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  if (Array.isArray(node) && typeof node[0] === "string" && typeof node[1] === "number") return [node[0]];
  return Object.values(node).flatMap(referencesIn);
}
