import type { Group } from "h5wasm";
import type { ModelDescription, WeightRecord } from "../../core/description.ts";
import {
  damagedModel,
  type Hdf5Source,
  readFloats,
  readTexts,
  writeFloats,
  writeText,
  writeTexts,
} from "./hdf5.ts";

/** The group `model_weights`: a group a layer, whose arrays are found by the paths in its `weight_names`. */

/** The library and version whose layout this is; readers use them to tell older layouts apart. */
export const layout = { backend: "tensorflow", kerasVersion: "2.15.0" };

export function writeWeights(
  file: Group,
  { layers }: ModelDescription,
  weights: readonly WeightRecord[],
): void {
  const group = file.create_group("model_weights");
  writeTexts(
    group,
    "layer_names",
    layers.map(({ name }) => name),
  );
  writeText(group, "backend", layout.backend);
  writeText(group, "keras_version", layout.kerasVersion);
  for (const { name } of layers) {
    writeLayer(
      group,
      name,
      weights.filter(({ layer }) => layer === name),
    );
  }
  writeLayer(group, "top_level_model_weights", []); // weights of the model itself; Keras reads the group
}

function writeLayer(group: Group, layer: string, weights: readonly WeightRecord[]): void {
  const layerGroup = group.create_group(layer);
  writeTexts(
    layerGroup,
    "weight_names",
    weights.map(({ name }) => `${layer}/${name}:0`),
  );
  if (weights.length === 0) return;
  const inner = layerGroup.create_group(layer);
  for (const { name, shape, values } of weights) writeFloats(inner, `${name}:0`, shape, values);
}

export function readWeights(source: Hdf5Source): WeightRecord[] {
  const group = groupOf(source.file, "model_weights");
  return readTexts(source, group, "layer_names").flatMap((layer) => {
    const layerGroup = groupOf(group, layer);
    return readTexts(source, layerGroup, "weight_names").map((path) => ({
      layer,
      name: lastName(path),
      ...readFloats(source, layerGroup, path),
    }));
  });
}

export function groupOf(parent: Group, name: string): Group {
  const child = parent.get(name);
  if (child !== null && "create_group" in child) return child;
  throw damagedModel(`Expected a group "${name}" in ${parent.path}, found none`);
}

/** `kernel` of Keras 2's `conv2d/kernel:0` and of Keras 3's `sequential/conv2d/kernel`. */
function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/:\d+$/, "");
}
