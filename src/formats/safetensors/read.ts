import type { WeightRecord } from "../../core/description.ts";
import { elementCount } from "../../util/shapes.ts";
import { parseJson } from "../keras/config-schema.ts";
import { trainingOf } from "../keras/keras3-config.ts";
import { fromModelConfig } from "../keras/model-config.ts";
import { type OwnParts, readOwnParts } from "../keras/own-parts.ts";
import type { LooseWeights, SavedModel } from "../saved-model.ts";
import { dtypes } from "./dtypes.ts";
import { readHeader } from "./header.ts";

/**
 * What a safetensors file holds: the whole model where Fovea wrote it (see `write.ts`), otherwise weights alone. F16, BF16 and F64
 * become float32; weights may lie in the bytes themselves.
 * @throws InputError `model.truncated`, `model.damaged`, `model.unsupported`
 */
export function readSafetensors(bytes: Uint8Array): SavedModel | LooseWeights {
  const { tensors, metadata, dataStart } = readHeader(bytes);
  const data = bytes.byteOffset + dataStart;
  const weights = tensors.map(({ name, dtype, shape, begin, end }): WeightRecord => {
    const view = new DataView(bytes.buffer, data + begin, end - begin);
    return { ...layerAndName(name), shape, values: dtypes[dtype].read(view, elementCount(shape)) };
  });
  if (metadata.keras_config === undefined) return { weights, named: "by layer" };
  const config = parseJson(metadata.keras_config, "keras_config");
  const { compile } = trainingOf(config) ?? {};
  const { description } = fromModelConfig(config, "keras_config");
  return { description, weights, ...readOwn(metadata), ...(compile && { compile }) };
}

/** `conv2d/kernel` of ours, `features.0.weight` of others. */
function layerAndName(tensor: string): { layer: string; name: string } {
  const cut = Math.max(tensor.lastIndexOf("/"), tensor.includes("/") ? -1 : tensor.lastIndexOf("."));
  return { layer: tensor.slice(0, Math.max(cut, 0)), name: tensor.slice(cut + 1) };
}

function readOwn(metadata: Readonly<Record<string, string>>): OwnParts {
  const find = (name: string) => {
    const json = metadata[`fovea_${name}`];
    return json === undefined ? undefined : parseJson(json, `fovea_${name}`);
  };
  return readOwnParts(find, (name) => `fovea_${name}`);
}
