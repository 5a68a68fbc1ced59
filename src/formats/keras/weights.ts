import type { ModelDescription, WeightRecord } from "../../core/description.ts";
import { type ReadGroup, readTexts } from "../hdf5/group.ts";
import { type NewGroup, writeTexts } from "../hdf5/tree.ts";

/** The group `model_weights`: a group a layer, whose arrays are found by the paths in its `weight_names`. */

/** The library and version whose layout this is; readers use them to tell older layouts apart. */
export const layout = { backend: "tensorflow", kerasVersion: "2.15.0" };

export function writeWeights(
  root: NewGroup,
  { layers }: ModelDescription,
  weights: readonly WeightRecord[],
): void {
  const group = root.group("model_weights");
  writeTexts(
    group,
    "layer_names",
    layers.map(({ name }) => name),
  );
  group.attributes.set("backend", layout.backend);
  group.attributes.set("keras_version", layout.kerasVersion);
  for (const { name } of layers) {
    writeLayer(
      group,
      name,
      weights.filter(({ layer }) => layer === name),
    );
  }
  writeLayer(group, "top_level_model_weights", []); // weights of the model itself; Keras reads the group
}

function writeLayer(group: NewGroup, layer: string, weights: readonly WeightRecord[]): void {
  const layerGroup = group.group(layer);
  writeTexts(
    layerGroup,
    "weight_names",
    weights.map(({ name }) => `${layer}/${name}:0`),
  );
  for (const { name, shape, values } of weights) layerGroup.write(`${layer}/${name}:0`, { shape, values });
}

export function readWeights(root: ReadGroup, { layers }: ModelDescription): WeightRecord[] {
  const group = root.group("model_weights");
  const depthwise = new Set(
    layers.filter(({ className }) => className === "DepthwiseConv2D").map(({ name }) => name),
  );
  return readTexts(group, "layer_names").flatMap((layer) => {
    const layerGroup = group.group(layer);
    return readTexts(layerGroup, "weight_names").map((path) => {
      const name = lastName(path);
      const renamed = name === "depthwise_kernel" && depthwise.has(layer) ? "kernel" : name; // Keras 2's name of it
      return { layer, name: renamed, ...layerGroup.floats(path) };
    });
  });
}

/** `kernel` of Keras 2's `conv2d/kernel:0` and of Keras 3's `sequential/conv2d/kernel`. */
function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/:\d+$/, "");
}
