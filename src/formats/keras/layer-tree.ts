/**
 * A layer as a file has it, or a model that stands among the layers. What is read is one flat model; files keep the weights by
 * this nesting.
 */
export interface LayerNode {
  readonly className: string;
  /** In the file: unique among its neighbours only. */
  readonly name: string;
  /** Its name in the flat model; of a layer alone. */
  readonly layer?: string;
  /** Of a model among the layers. */
  readonly layers?: readonly LayerNode[];
}

/** A layer of the flat model and the names that lead to it in the file. */
export interface Leaf {
  readonly layer: string;
  readonly path: readonly string[];
}

/** The layers of a tree from first to last. */
export function leavesOf(nodes: readonly LayerNode[], above: readonly string[] = []): Leaf[] {
  return nodes.flatMap(({ name, layer, layers = [] }) => {
    const path = [...above, name];
    return layer === undefined ? leavesOf(layers, path) : { layer, path };
  });
}
