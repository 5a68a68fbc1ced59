import type { LayerDescription } from "../../core/description.ts";
import { type KerasLayer, nameOf, unsupported } from "./config-schema.ts";
import { isRecord, respellKeys, toCamelCase, toPascalCase, toSnakeCase } from "./spelling.ts";

/** One layer, as a description and as Keras writes it, both ways and without a table of the layers. */

/** Keys in another spelling than Keras 3's, by layer. */
export type OtherKeys = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Keras 3 reads these too, Keras 2 no others. */
export const keras2Keys: OtherKeys = {
  LeakyReLU: { negativeSlope: "alpha" },
};

/** Defaults that Keras 3 wants to be told. */
const toldDefaults: Readonly<Record<string, LayerDescription["config"]>> = {
  Rescaling: { offset: 0 },
};

export function toKerasLayer({ className, name, config }: LayerDescription, otherKeys: OtherKeys) {
  const aliases = otherKeys[className] ?? {};
  const translated = Object.entries({ ...toldDefaults[className], ...config }).map(([key, value]) => [
    aliases[key] ?? toSnakeCase(key),
    key.endsWith("Initializer") ? toKerasInitializer(value) : respellKeys(value, toSnakeCase),
  ]);
  return {
    class_name: className,
    config: {
      name,
      ...(className !== "SpatialDropout2D" && { trainable: true }), // which Keras's own refuses
      dtype: "float32",
      ...Object.fromEntries(translated),
    },
  };
}

/** `"glorot_uniform"`, `"glorotUniform"`, `"GlorotUniform"` or `{ className, config }`, as Keras's object. */
function toKerasInitializer(value: unknown): unknown {
  if (typeof value === "string") return { class_name: toPascalCase(value), config: {} };
  return respellKeys(value, toSnakeCase);
}

/** Keys that say how Keras runs a layer or that have their own place in a description. */
const droppedKeys = new Set(["name", "dtype", "batch_input_shape", "batch_shape", "input_shape"]);

export function fromKerasLayer(layer: KerasLayer): LayerDescription {
  const name = nameOf(layer);
  refuseUnsupported(layer, name);
  const aliases = Object.entries(keras2Keys[layer.class_name] ?? {});
  const entries = Object.entries(layer.config)
    .filter(([key, value]) => !droppedKeys.has(key) && !saysTheDefault(key, value))
    .map(([key, value]) => {
      const alias = aliases.find(([, keras2]) => keras2 === key)?.[0];
      return [alias ?? toCamelCase(key), fromKerasValue(key === "axis" ? oneAxis(value) : value, name)];
    });
  return { className: layer.class_name, name, config: Object.fromEntries(entries) };
}

/** Keras 2 writes the axis of a normalisation as a list. */
function oneAxis(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

/** What Keras writes out in each layer and a description leaves unsaid. Null is the default wherever it is allowed. */
function saysTheDefault(key: string, value: unknown): boolean {
  return value === null || (key === "trainable" && value === true) || value === "channels_last";
}

/** An object such as an initializer without settings becomes its name; what is not Keras's own is refused. */
function fromKerasValue(value: unknown, layer: string): unknown {
  if (Array.isArray(value)) return value.map((item) => fromKerasValue(item, layer));
  if (!isRecord(value)) return value;
  const { class_name: className, config, registered_name: registered = className } = value;
  if (typeof className !== "string") return respellKeys(value, toCamelCase);
  if (typeof registered === "string" && registered.includes(">")) {
    throw unsupported(layer, `custom object "${registered}"`);
  }
  if (className === "function" && typeof config === "string") return config;
  const settings = Object.entries(isRecord(config) ? config : {}).filter(([, item]) => item !== null);
  if (settings.length === 0) return toSnakeCase(className);
  return { className, config: respellKeys(Object.fromEntries(settings), toCamelCase) };
}

function refuseUnsupported({ class_name: className, config }: KerasLayer, name: string): void {
  if (className === "Lambda") throw unsupported(name, "piece of Python code (Lambda)");
  if (className.includes(">")) throw unsupported(name, `custom class "${className}"`);
  if (className === "InputLayer") throw unsupported(name, "second input");
  if (config.data_format === "channels_first") throw unsupported(name, 'data format "channels_first"');
}
