import {
  checkModelConfig,
  isModel,
  type KerasGraph,
  type KerasLayer,
  nameOf,
  unsupported,
} from "./config-schema.ts";
import { isRecord } from "./spelling.ts";

/** Policies that keep weights in float32 or finer, and compute in something else. */
const taken = ["mixed_float16", "mixed_bfloat16", "float64"];

/**
 * What is to be said of the numbers that a model computes in: here all is float32.
 * @throws InputError `model.unsupported` where its weights themselves are coarser
 */
export function precisionNotices({ layers }: KerasGraph): string[] {
  const policies = new Set(policiesIn(layers));
  return [...policies].map((policy) => `The model computes in ${policy}, which is taken as float32`);
}

function policiesIn(layers: readonly KerasLayer[]): string[] {
  return layers.flatMap((layer) => {
    const name = nameOf(layer);
    if (isModel(layer)) return policiesIn(checkModelConfig(layer, name).config.layers);
    const policy = policyOf(layer.config.dtype);
    if (layer.class_name === "InputLayer" || policy === undefined || policy === "float32") return [];
    if (taken.includes(policy)) return [policy];
    throw unsupported(name, `policy "${policy}" for its numbers, where float32 is needed,`);
  });
}

/** A name, or Keras 3's object, of which that of quantised layers says other things. */
function policyOf(dtype: unknown): string | undefined {
  if (typeof dtype === "string") return dtype;
  if (!isRecord(dtype) || !isRecord(dtype.config)) return undefined;
  const { name, mode } = dtype.config;
  const found = name ?? mode;
  return typeof found === "string" ? found : undefined;
}
