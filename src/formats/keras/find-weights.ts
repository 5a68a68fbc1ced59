import type { Model } from "../../core/model.ts";
import { type LayerNode, leavesOf } from "./layer-tree.ts";

/** Weights of a model in a list of names such as `conv2d/kernel:0`, as files and variables of Keras and TensorFlow.js have them. */

export interface WantedWeight {
  readonly layer: string;
  readonly name: string;
  readonly trainable: boolean;
  /** The names that lead to it in the file, from the outermost model to the layer. */
  readonly path: readonly string[];
  readonly className: string;
}

/** In the order of the layers. */
export function wantedWeights(model: Model, tree: readonly LayerNode[]): WantedWeight[] {
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  return leavesOf(tree).flatMap(({ layer, path }) => {
    const { definition, weights = [] } = layers.get(layer) ?? {};
    const className = definition?.className ?? "";
    return weights.map(({ name, trainable }) => ({ layer, name, trainable, path, className }));
  });
}

/**
 * The name of each in the file, by its layer and, where several layers of that name are in it, by the models around them.
 * Undefined where one has none or could have several.
 */
export function findByName(wanted: readonly WantedWeight[], names: readonly string[]): string[] | undefined {
  const found = findAll(wanted, names);
  const whole = found.every((name) => name !== undefined) && new Set(found).size === found.length;
  return whole ? (found as string[]) : undefined;
}

/** For a message: the first that has no name in the file, or several. */
export function firstNotFound(wanted: readonly WantedWeight[], names: readonly string[]): string | undefined {
  const found = findAll(wanted, names);
  const lost = wanted[found.findIndex((name, i) => name === undefined || found.indexOf(name) !== i)];
  return lost && `${lost.path.join("/")}/${lost.name}`;
}

function findAll(wanted: readonly WantedWeight[], names: readonly string[]): (string | undefined)[] {
  const byKey = new Map<string, string[]>();
  for (const name of names) {
    const key = keyOf(layerPath(name), lastName(name));
    const same = byKey.get(key);
    if (same) same.push(name);
    else byKey.set(key, [name]);
  }
  return wanted.map((weight) => findOne(weight, byKey));
}

/** What all names for a weight of a layer have in common. */
function keyOf(layer: string, weight: string): string {
  return `${layer.slice(layer.lastIndexOf("/") + 1)}/${weight}`;
}

function findOne({ name, path, className }: WantedWeight, byKey: ReadonlyMap<string, string[]>) {
  const leaf = path[path.length - 1];
  const keys = new Set([keyOf(leaf, name), keyOf(leaf, depthwiseName(name, className))]);
  let candidates = [...keys].flatMap((key) => byKey.get(key) ?? []);
  for (let length = 1; length <= path.length; length++) {
    const ending = `/${path.slice(-length).join("/")}/`;
    const left = candidates.filter((each) => `/${layerPath(each)}/`.endsWith(ending));
    if (length > 1 && left.length === 0) break;
    candidates = left;
    if (candidates.length < 2) break;
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** Keras lists what is trained first. Undefined where their last names do not follow one another so. */
export function findByOrder(wanted: readonly WantedWeight[], names: readonly string[]): string[] | undefined {
  if (names.length !== wanted.length) return undefined;
  const inOrder = [
    ...wanted.filter(({ trainable }) => trainable),
    ...wanted.filter(({ trainable }) => !trainable),
  ];
  const fits = inOrder.every(
    ({ name, className }, i) => weightNameOf(lastName(names[i]), className) === name,
  );
  return fits ? wanted.map((weight) => names[inOrder.indexOf(weight)]) : undefined;
}

/** `kernel` of Keras 2's `conv2d/kernel:0` and of Keras 3's `sequential/conv2d/kernel`. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/:\d+$/, "");
}

/** What a weight is called here, whatever Keras 2 and TensorFlow.js call it. */
export function weightNameOf(name: string, className: string | undefined): string {
  return className === "DepthwiseConv2D" && name === "depthwise_kernel" ? "kernel" : name;
}

/** What Keras 2 and TensorFlow.js call a weight of that name. */
export function depthwiseName(name: string, className: string): string {
  return className === "DepthwiseConv2D" && name === "kernel" ? "depthwise_kernel" : name;
}

const layerPath = (path: string) => path.slice(0, Math.max(path.lastIndexOf("/"), 0));
