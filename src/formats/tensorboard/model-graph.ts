import type { Model } from "../../core/model.ts";
import { toModelConfig } from "../keras/model-config.ts";

type Json = Readonly<Record<string, unknown>>;

/** Shapes by the names of the layers that give them, without the batch. */
type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * A model as Keras 3's `to_json` has it. In a graph the layers say by Keras 3's objects where they take from: TensorBoard finds no
 * edges in the lists of Keras 2, which the files have.
 */
export function modelGraph(model: Model): Json {
  const { class_name, config } = toModelConfig(model.description);
  const input = config.layers[0].config as { readonly name: string };
  const shapes = new Map<string, readonly number[]>([
    [input.name, model.description.inputShape],
    ...model.layers.map(({ name, outputShape }) => [name, outputShape] as const),
  ]);
  const layers = config.layers.map((layer: Json) => inModule("keras.layers", translateCalls(layer, shapes)));
  return {
    ...inModule(modelModules[class_name], { class_name, config: { ...config, layers } }),
    build_config: { input_shape: [null, ...model.description.inputShape] },
  };
}

/** `keras.Functional` is not public. */
const modelModules: Readonly<Record<string, string>> = {
  Sequential: "keras",
  Functional: "keras.src.models.functional",
};

/** Keras 3 finds a class by its module; without one it takes the object for Keras 2's. */
function inModule(module: string, config: Json): Json {
  return { module, ...config, registered_name: null };
}

function translateCalls(layer: Json, shapes: Shapes): Json {
  const { inbound_nodes: calls } = layer;
  return Array.isArray(calls)
    ? { ...layer, inbound_nodes: calls.map((call) => translateCall(call, shapes)) }
    : layer;
}

/** A call is a list of references in Keras 2; in Keras 3 a layer that joins takes them as one argument. */
function translateCall(call: readonly (readonly unknown[])[], shapes: Shapes): Json {
  const tensors = call.map(([name, node, output]) => {
    const shape = [null, ...(shapes.get(String(name)) ?? [])];
    return {
      class_name: "__keras_tensor__",
      config: { shape, dtype: "float32", keras_history: [name, node, output] },
    };
  });
  return { args: tensors.length === 1 ? tensors : [tensors], kwargs: {} };
}
