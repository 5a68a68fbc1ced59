import type { ModelDescription, WeightRecord } from "../../core/description.ts";
import { buildModel } from "../../core/model.ts";
import { damagedModel, type ReadGroup, readTexts } from "../hdf5/group.ts";
import { type NewGroup, writeTexts } from "../hdf5/tree.ts";
import { findByName, findByOrder, lastName, wantedWeights, weightNameOf } from "./find-weights.ts";
import type { LayerNode } from "./layer-tree.ts";

/** The group `model_weights`: a group a layer, whose arrays are found by the paths in its `weight_names`. */

/** The library and version whose layout this is; readers use them to tell older layouts apart. */
export const layout = { backend: "tensorflow", kerasVersion: "2.15.0" };

export function writeWeights(
  root: NewGroup,
  { layers }: Pick<ModelDescription, "layers">,
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

/** All that the file has, of models among the layers what belongs to the layers in them. */
export function readWeights(
  root: ReadGroup,
  description: ModelDescription,
  tree: readonly LayerNode[],
): WeightRecord[] {
  const group = root.group("model_weights");
  return readTexts(group, "layer_names").flatMap((layer) => {
    const layerGroup = group.group(layer);
    const paths = readTexts(layerGroup, "weight_names");
    const node = tree.find(({ name }) => name === layer);
    return node?.layers
      ? readNested(layerGroup, paths, description, node)
      : readLayer(layerGroup, paths, description, node?.layer ?? layer);
  });
}

function readLayer(
  group: ReadGroup,
  paths: readonly string[],
  description: ModelDescription,
  layer: string,
): WeightRecord[] {
  const className = description.layers.find(({ name }) => name === layer)?.className;
  return paths.map((path) => ({
    layer,
    name: weightNameOf(lastName(path), className),
    ...group.floats(path),
  }));
}

/** Keras itself goes by the order alone; names hold where a layer was frozen after its weights had been listed. */
function readNested(
  group: ReadGroup,
  paths: readonly string[],
  description: ModelDescription,
  node: LayerNode,
): WeightRecord[] {
  const wanted = wantedWeights(buildModel(description), [node]);
  const found = findByName(wanted, paths) ?? findByOrder(wanted, paths);
  if (found) return wanted.map(({ layer, name }, i) => ({ layer, name, ...group.floats(found[i]) }));
  const message = `Expected the weights of ${wanted.length} places in "${node.name}", found ${paths.length}: ${paths.slice(0, 3).join(", ")}…`;
  throw damagedModel(message);
}
