import { type KerasGraph, type KerasLayer, nameOf, unsupported } from "./config-schema.ts";

/** A layer of a functional model and the layers that it takes from; none where it takes the model's input. */
export interface GraphLayer {
  readonly layer: KerasLayer;
  /** Absent where the layer takes from the one before it, as in a sequence. */
  readonly inputs?: readonly string[];
}

/**
 * The layers of a functional model without its input, in the order of the file, in which each stands after those
 * that it takes from. Only the first may take the model's input: a description has no name for it.
 */
export function graphLayers(className: string, { layers, output_layers: outputs }: KerasGraph): GraphLayer[] {
  const [input, ...rest] = layers;
  if (input.class_name !== "InputLayer")
    throw unsupported(nameOf(input), `${className} without an InputLayer`);
  const last = nameOf(layers[layers.length - 1]);
  if (referencesIn(outputs).some((name) => name !== last) || referencesIn(outputs).length > 1) {
    throw unsupported(last, `${className} with outputs beside it`);
  }
  return rest.map((layer, i) => connect(layer, nameOf(layers[i]), i === 0 ? undefined : nameOf(input)));
}

function connect(layer: KerasLayer, previous: string, forbidden: string | undefined): GraphLayer {
  const name = nameOf(layer);
  const calls = layer.inbound_nodes ?? [];
  if (calls.length !== 1) throw unsupported(name, `use in ${calls.length} places`);
  const inputs = referencesIn(calls[0]);
  if (forbidden !== undefined && inputs.includes(forbidden)) throw unsupported(name, "branch from the input");
  return inputs.length === 1 && inputs[0] === previous ? { layer } : { layer, inputs };
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
