import { toKeras3Config } from "../keras/keras3-config.ts";
import { ownParts } from "../keras/own-parts.ts";
import type { SavedModel } from "../saved-model.ts";
import { LENGTH_BYTES } from "./beginning.ts";

/**
 * A model as safetensors: each weight as `<layer>/<weight>` in float32, in the order and the layout of Keras (a kernel is height, width,
 * in, out). `__metadata__` has the rest: `keras_config`, which is the `config.json` of a `.keras`, and `fovea_preprocessing`,
 * `fovea_classes` and `fovea_extra`, each as JSON. An optimizer's state has no place in it.
 */
export function writeSafetensors(model: SavedModel): Uint8Array[] {
  let end = 0;
  const tensors = model.weights.map(({ layer, name, shape, values }) => {
    const begin = end;
    end += values.byteLength;
    return [`${layer}/${name}`, { dtype: "F32", shape, data_offsets: [begin, end] }];
  });
  const header = { __metadata__: metadataOf(model), ...Object.fromEntries(tensors) };
  const data = model.weights.map(
    ({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  );
  return [headerBytes(JSON.stringify(header)), ...data];
}

function metadataOf(model: SavedModel): Record<string, string> {
  const { description, weights, compile } = model;
  const config = toKeras3Config({ description, weights, ...(compile && { compile }) });
  const own = Object.entries(ownParts(model)).map(([name, value]) => [
    `fovea_${name}`,
    JSON.stringify(value),
  ]);
  return { keras_config: JSON.stringify(config), ...Object.fromEntries(own) };
}

/** Filled up with spaces, so that the data begins on a boundary. */
function headerBytes(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / LENGTH_BYTES) * LENGTH_BYTES;
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}
