import type { LayerDescription, ModelDescription, WeightRecord } from "../../../core/description.ts";
import type { LayerDefinition } from "../../../core/layers/define.ts";
import { layerDefinitions } from "../../../core/layers/table.ts";
import { MOST_LAYERS } from "../../../core/model.ts";
import { elementCount, formatShape, sameShape } from "../../../util/shapes.ts";
import { arranged, type Feature, featureOf } from "./feature.ts";
import { NoEqual } from "./no-equal.ts";

type Config = Readonly<Record<string, unknown>>;

/** A layer that a node may still add to. */
export interface Draft {
  readonly className: string;
  readonly name: string;
  readonly inputs: readonly string[];
  config: Config;
  readonly weights: Map<string, Pick<WeightRecord, "shape" | "values">>;
}

export interface NewLayer {
  readonly className: string;
  readonly name: string;
  readonly inputs: readonly Feature[];
  readonly config?: Config;
  /** In Keras's order. */
  readonly weights?: Readonly<Record<string, Pick<WeightRecord, "shape" | "values">>>;
}

/** The layers that come of a graph. */
export class Network {
  readonly inputName: string;
  private readonly drafts = new Map<string, Draft>();
  private readonly names = new Map<string, number>();
  /** Numbers that may still be made: of a few bytes a graph could ask for any amount. */
  private budget: number;

  constructor(inputName: string, budget: number) {
    this.inputName = this.unusedName(inputName);
    this.budget = budget;
  }

  /** @throws NoEqual where there is no such layer, or it cannot be with these settings and inputs */
  add({ className, name, inputs, config = {}, weights = {} }: NewLayer): Feature {
    const definition = layerDefinitions.get(className);
    if (this.drafts.size >= MOST_LAYERS) throw new NoEqual(`more than ${MOST_LAYERS} layers`);
    if (definition === undefined) throw new NoEqual(`there is no layer ${className}`);
    const shapes = inputs.map(({ layerShape }) => layerShape);
    const records = Object.entries(weights);
    for (const [, { values }] of records) this.spend(values.length);
    const shape = outputShapeOf(definition, config, shapes);
    const unused = this.unusedName(name);
    const layers = inputs.map(({ layer }) => layer);
    this.drafts.set(unused, { className, name: unused, inputs: layers, config, weights: new Map(records) });
    return featureOf(unused, shape);
  }

  /** The layer that makes a feature, where it may be changed for the node at hand. */
  open({ layer, exclusive }: Feature, ...classNames: readonly string[]): Draft | undefined {
    const draft = exclusive ? this.drafts.get(layer) : undefined;
    return draft && classNames.includes(draft.className) ? draft : undefined;
  }

  /**
   * The feature with the graph's axes in the order `wanted` as what its layer makes.
   * @throws NoEqual where numbers would have to be moved for that
   */
  arrange(feature: Feature, wanted: readonly number[]): Feature {
    const found = arranged(feature, wanted);
    if (found === undefined)
      throw new NoEqual(`axes ${wanted.join(", ")} of ${formatShape(feature.shape)} in this order`);
    return this.shapeLayer(found);
  }

  /** The feature, whose layer makes just the sides that it has. */
  shapeLayer(feature: Feature): Feature {
    const { axes, layerShape, layer } = feature;
    if (sameShape(axes, layerShape)) return feature;
    const flat = axes.length === 1;
    const made = this.add({
      className: flat ? "Flatten" : "Reshape",
      name: `${layer}_${flat ? "flat" : "shaped"}`,
      inputs: [feature],
      config: flat ? {} : { targetShape: axes },
    });
    return { ...feature, layer: made.layer, layerShape: made.layerShape, exclusive: true };
  }

  spend(numbers: number): void {
    this.budget -= numbers;
    if (!(this.budget >= 0)) throw new NoEqual("more numbers are made of others than any model needs");
  }

  /** The layers that lead to a feature, and their weights. */
  leadingTo({
    layer,
  }: Feature): { layers: LayerDescription[]; weights: WeightRecord[] } & Pick<ModelDescription, "inputName"> {
    const needed = this.needed(layer);
    const drafts = [...this.drafts.values()].filter(({ name }) => needed.has(name));
    const straight = drafts.every(
      ({ inputs }, i) => inputs.length === 1 && inputs[0] === (drafts[i - 1]?.name ?? this.inputName),
    );
    const layers = drafts.map(({ className, name, config, inputs }) => ({
      className,
      name,
      config,
      ...(!straight && { inputs }),
    }));
    const weights = drafts.flatMap((draft) =>
      [...draft.weights].map(([name, record]) => ({ layer: draft.name, name, ...record })),
    );
    return { layers, weights, ...(!straight && { inputName: this.inputName }) };
  }

  private needed(last: string): Set<string> {
    const needed = new Set<string>();
    const open = [last];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (needed.has(name)) continue;
      needed.add(name);
      open.push(...(this.drafts.get(name)?.inputs ?? []));
    }
    return needed;
  }

  private unusedName(wanted: string): string {
    const count = this.names.get(wanted) ?? 0;
    this.names.set(wanted, count + 1);
    return count === 0 ? wanted : this.unusedName(`${wanted}_${count}`);
  }
}

function outputShapeOf(definition: LayerDefinition, config: Config, shapes: readonly (readonly number[])[]) {
  const parsed = definition.config.safeParse(config);
  if (!parsed.success) {
    const [{ path }] = parsed.error.issues;
    throw new NoEqual(
      `${definition.className} with ${String(path[0])} ${JSON.stringify(config[String(path[0])])}`,
    );
  }
  try {
    const shape = definition.outputShape(shapes[0], parsed.data, shapes);
    if (Number.isSafeInteger(elementCount(shape))) return shape;
    throw new RangeError(`Expected sides that a machine can hold, found ${formatShape(shape)}`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new NoEqual(error.message);
  }
}
