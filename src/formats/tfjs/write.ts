import { buildModel } from "../../core/model.ts";
import { crc32c } from "../crc32c.ts";
import { depthwiseName } from "../keras/find-weights.ts";
import { keras2Keys } from "../keras/layer-config.ts";
import { toModelConfig } from "../keras/model-config.ts";
import { ownParts } from "../keras/own-parts.ts";
import { joinPieces, type ModelFiles } from "../model-files.ts";
import type { SavedModel } from "../saved-model.ts";
import { toTfjsLayers } from "./layers.ts";

/** As the converter cuts weights, so that a browser keeps each file in its cache. */
const SHARD_BYTES = 4 * 1024 * 1024;

/**
 * A TensorFlow.js layers model: model.json, and its weights beside it in files of 4 MB. These are named by their content: a model that is
 * written over another never takes the other's weights for its own, on the disk or in a browser's cache. Preprocessing and classes lie in
 * `userDefinedMetadata.fovea`.
 * @throws InputError `export.no-equal`
 */
export async function writeTfjs(model: SavedModel): Promise<ModelFiles> {
  const { description, weights } = model;
  const built = buildModel(description).layers;
  const shapeOf = (index: number) => built[index]?.outputShape ?? description.inputShape;
  const layers = description.layers.flatMap((layer, i) =>
    toTfjsLayers(layer, [shapeOf(built[i].inputs[0]), shapeOf(i)]),
  );
  const classNames = new Map(layers.map(({ name, className }) => [name, className]));
  const bytes = await joinPieces(
    weights.map(({ values }) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
  const beside = new Map(shardsOf(bytes).map((shard, i, all) => [nameOf(shard, i, all.length), [shard]]));
  const json = {
    format: "layers-model",
    generatedBy: "Fovea",
    convertedBy: null,
    modelTopology: {
      keras_version: "2.15.0",
      backend: "tensorflow",
      model_config: toModelConfig({ ...description, layers }, keras2Keys),
    },
    weightsManifest: [
      {
        paths: [...beside.keys()],
        weights: weights.map(({ layer, name, shape }) => ({
          name: `${layer}/${depthwiseName(name, classNames.get(layer) ?? "")}`,
          shape,
          dtype: "float32",
        })),
      },
    ],
    userDefinedMetadata: { fovea: ownParts(model) },
  };
  return { pieces: [new TextEncoder().encode(JSON.stringify(json))], beside };
}

/** One at least, for a model without weights too. */
function shardsOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES));
}

function nameOf(shard: Uint8Array, index: number, count: number): string {
  return `weights-${index + 1}of${count}-${crc32c(shard).toString(16).padStart(8, "0")}.bin`;
}
