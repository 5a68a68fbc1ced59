import type { LayerDescription } from "../../core/description.ts";
import { damagedModel } from "../hdf5/group.ts";
import {
  checkModelConfig,
  isModel,
  type KerasGraph,
  type KerasLayer,
  nameOf,
  unsupported,
} from "./config-schema.ts";
import { type GraphLayer, graphLayers } from "./graph.ts";
import { fromKerasLayer } from "./layer-config.ts";
import type { LayerNode } from "./layer-tree.ts";

/** A model whose layers may be models in their turn, as one flat list of layers. */
export interface FlatModel {
  readonly layers: readonly LayerDescription[];
  /** Where one asks for it by name. */
  readonly inputName?: string;
  /** The layers as the file nests them. */
  readonly tree: readonly LayerNode[];
}

/** Layers of models inside get their model's name in front where their own is taken. */
export function flatten(className: string, graph: KerasGraph): FlatModel {
  const flat: FlatLayers = { layers: [], taken: new Set() };
  const input = claim(flat, inputNameOf(graph) ?? "input", graph.name);
  const { nodes: tree } = addModel(flat, { className, graph, input, frozen: false, depth: 0 });
  const layers = flat.layers.map((layer, i): LayerDescription => {
    const previous = i === 0 ? input : flat.layers[i - 1].name;
    const { inputs, ...rest } = layer;
    return inputs?.length === 1 && inputs[0] === previous ? rest : layer;
  });
  const named = layers.some(({ inputs }) => inputs?.includes(input));
  return { layers, tree, ...(named && { inputName: input }) };
}

/** Models in one another; a hand would not write so many, and each takes from the stack. */
const DEEPEST = 32;

/** All layers so far, each with its inputs said. */
interface FlatLayers {
  readonly layers: LayerDescription[];
  readonly taken: Set<string>;
}

interface Level {
  readonly className: string;
  readonly graph: KerasGraph;
  /** The flat name of what it takes. */
  readonly input: string;
  /** It stands in a model that is not to be trained. */
  readonly frozen: boolean;
  /** Models around it. */
  readonly depth: number;
}

function addModel(flat: FlatLayers, level: Level): { nodes: LayerNode[]; output: string } {
  const { className, graph, input, frozen } = level;
  const steps: GraphLayer[] = className === "Sequential" ? sequence(graph) : graphLayers(className, graph);
  checkAreUnique(steps.filter(({ layer }) => !isModel(layer)).map(({ layer }) => nameOf(layer)));
  const own = steps.map(({ layer }) => (isModel(layer) ? "" : claim(flat, nameOf(layer), graph.name)));
  const outputs = new Map([[inputNameOf(graph) ?? "", input]]); // flat names by names here
  let output = input;
  const nodes = steps.map(({ layer, inputs }, i): LayerNode => {
    const name = nameOf(layer);
    const from = inputs?.map((each) => outputs.get(each) ?? each) ?? [output];
    const node = { className: layer.class_name, name };
    const below = isModel(layer) ? addNested(flat, layer, from, level) : undefined;
    if (!below) flat.layers.push({ ...describe(layer, own[i], frozen), inputs: from });
    output = below?.output ?? own[i];
    outputs.set(name, output);
    return below ? { ...node, layers: below.nodes } : { ...node, layer: own[i] };
  });
  return { nodes, output };
}

function addNested(flat: FlatLayers, layer: KerasLayer, from: readonly string[], around: Level) {
  const name = nameOf(layer);
  if (from.length !== 1) throw unsupported(name, `model of ${from.length} inputs`);
  if (around.depth === DEEPEST) throw unsupported(name, `model inside ${DEEPEST} others`);
  const { class_name: className, config } = checkModelConfig(layer, name);
  const frozen = around.frozen || layer.config.trainable === false;
  return addModel(flat, {
    className,
    graph: { ...config, name },
    input: from[0],
    frozen,
    depth: around.depth + 1,
  });
}

function describe(layer: KerasLayer, name: string, frozen: boolean): LayerDescription {
  const described = fromKerasLayer(layer);
  return { ...described, name, config: { ...described.config, ...(frozen && { trainable: false }) } };
}

/** Until Keras 2.2 the first layer said the input's shape and there was no InputLayer. */
function sequence({ layers }: KerasGraph): GraphLayer[] {
  return (layers[0].class_name === "InputLayer" ? layers.slice(1) : layers).map((layer) => ({ layer }));
}

function inputNameOf({ layers: [first] }: KerasGraph): string | undefined {
  return first.class_name === "InputLayer" ? nameOf(first) : undefined;
}

function claim({ taken }: FlatLayers, name: string, owner: string): string {
  let free = taken.has(name) ? `${owner}_${name}` : name;
  for (let n = 1; taken.has(free); n++) free = `${owner}_${name}_${n}`;
  taken.add(free);
  return free;
}

/** Those of models among them may meet; nobody asks for the models in a sequence by name. */
function checkAreUnique(names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return;
  throw damagedModel(`Expected layer names to be unique, found "${twice}" twice`);
}
