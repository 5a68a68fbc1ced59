import type { WeightRecord } from "../../core/description.ts";
import { damagedModel, type ReadGroup, readTexts } from "../hdf5/group.ts";
import { NewGroup } from "../hdf5/tree.ts";
import { writeHdf5 } from "../hdf5/write.ts";
import type { LooseWeights, SavedModel } from "../saved-model.ts";
import { lastName } from "./find-weights.ts";
import { writeVariables } from "./variables.ts";

/** What Keras's `save_weights` writes: since 2.12 `.weights.h5`, the arrays of a layer by their numbers; before, by names. */

/** Of the model itself and its input, which have no weights; Keras 2 looks for them. */
const emptyFolders = ["vars", "layers/input_layer/vars"];

/** The bytes of a `.weights.h5`, as Keras 3 and Keras 2 since 2.14 load it. */
export function writeWeightsH5({ description, weights }: SavedModel): Uint8Array[] {
  const root = new NewGroup();
  writeVariables(root, { description, weights });
  for (const folder of emptyFolders) root.group(folder);
  return writeHdf5(root);
}

/** Where the layers are: the second from 2.12 to 2.13. */
const containers = ["layers", "_layer_checkpoint_dependencies"];

/** Models in models, each a folder deeper, and folders in all. A damaged file has folders that lie in themselves. */
const DEEPEST = 16;
const MOST_FOLDERS = 20_000;

/** The weights in a file without a model; undefined where it has none either. */
export function readLooseWeights(root: ReadGroup): LooseWeights | undefined {
  const container = containers.find((name) => root.has(name));
  if (container !== undefined) {
    return { weights: numberedIn(root.group(container)), named: "by class" };
  }
  if (root.has("model_weights")) return { weights: namedIn(root.group("model_weights")), named: "by layer" };
  return readTexts(root, "layer_names").length === 0
    ? undefined
    : { weights: namedIn(root), named: "by layer" };
}

function numberedIn(container: ReadGroup): WeightRecord[] {
  let folders = 0;
  const walk = (group: ReadGroup, names: readonly string[], above: readonly string[]): WeightRecord[] =>
    names.flatMap((name) => {
      if (above.length >= DEEPEST || ++folders > MOST_FOLDERS) throw tooMany();
      const layer = [...above, name];
      const inner = group.group(name);
      const own = inner.has("vars") ? numbersOf(inner.group("vars"), layer.join("/")) : [];
      const others = inner.members().filter((member) => member !== "vars");
      return [...own, ...walk(inner, others, layer)];
    });
  return walk(container, container.members(), []);
}

function tooMany() {
  return damagedModel(`Expected at most ${MOST_FOLDERS} layers, ${DEEPEST} models deep, found more`);
}

function numbersOf(vars: ReadGroup, layer: string): WeightRecord[] {
  const weights: WeightRecord[] = [];
  for (let index = 0; vars.has(String(index)); index++)
    weights.push({ layer, name: String(index), ...vars.floats(String(index)) });
  return weights;
}

function namedIn(group: ReadGroup): WeightRecord[] {
  return readTexts(group, "layer_names").flatMap((layer) => {
    const layerGroup = group.group(layer);
    const paths = readTexts(layerGroup, "weight_names");
    return paths.map((path) => ({
      layer: layerOf(path, layer),
      name: lastName(path),
      ...layerGroup.floats(path),
    }));
  });
}

/** A model among the layers lists the weights of its own layers, by their paths. */
function layerOf(path: string, listed: string): string {
  const owner = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
  return owner === "" || owner.split("/").includes(listed) ? listed : `${listed}/${owner}`;
}
