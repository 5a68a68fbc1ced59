import { formatShape } from "../../../util/shapes.ts";
import type { Constant } from "./constant.ts";
import type { FileNode, FileTensor } from "./decode.ts";
import type { Feature } from "./feature.ts";
import type { GraphInput } from "./graph-input.ts";
import { layerName } from "./layer-name.ts";
import type { Network } from "./network.ts";
import { NoEqual } from "./no-equal.ts";

/** Of a formula that has no layer of its own until it is whole: such as erf and 1 + erf of GELU. */
export interface Fragment {
  readonly kind: "fragment";
  readonly of: Feature;
  readonly what: "erf" | "1 + erf" | "(1 + erf) / 2" | "x (1 + erf)";
}

/** The graph's input before its size is settled: photos as bytes, or of any size. */
export interface Photos {
  readonly kind: "photos";
  readonly channelsFirst: boolean;
}

export type Value = Constant | Feature | Fragment | Photos;

/** What goes through the graph. */
export interface Reading {
  readonly network: Network;
  readonly input: GraphInput;
  readonly opset: number;
  /** Who wrote the file: its ways with names. */
  readonly producer: string;
  constant(tensor: FileTensor): Constant;
}

/** A node with what it is given. */
export class Call {
  readonly reading: Reading;
  readonly node: FileNode;
  readonly values: readonly (Value | undefined)[];

  constructor(reading: Reading, node: FileNode, values: readonly (Value | undefined)[]) {
    this.reading = reading;
    this.node = node;
    this.values = values;
  }

  get network(): Network {
    return this.reading.network;
  }

  get opset(): number {
    return this.reading.opset;
  }

  int(name: string, fallback: number): number {
    return this.node.attributes.get(name)?.int ?? fallback;
  }

  float(name: string, fallback: number): number {
    return this.node.attributes.get(name)?.float ?? fallback;
  }

  text(name: string, fallback: string): string {
    return this.node.attributes.get(name)?.text || fallback;
  }

  ints(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.ints;
  }

  has(index: number): boolean {
    return this.values[index] !== undefined;
  }

  /** An input that is an array of the model's. */
  feature(index: number): Feature {
    const x = this.rows(index);
    if (x.folded) throw new NoEqual("images of a batch put together");
    return x;
  }

  /** The same, or such of which several rows are an image: for what looks at the last axis alone. */
  rows(index: number): Feature {
    const value = this.values[index];
    if (value?.kind === "feature") return value;
    if (value?.kind === "photos") return this.reading.input.settle(this.network, value);
    if (value?.kind === "fragment") throw new NoEqual(`${value.what} that is no part of GELU`);
    throw new NoEqual(`input ${index} is ${value ? "a constant" : "missing"}`);
  }

  constant(index: number): Constant {
    const value = this.values[index];
    if (value?.kind === "constant") return value;
    throw new NoEqual(`input ${index} is ${value ? "no constant" : "missing"}`);
  }

  /** A constant's whole numbers; those of an attribute where operators of old had them there. */
  numbers(index: number, attribute?: string): readonly number[] | undefined {
    if (this.has(index)) return [...this.small(this.constant(index)).values];
    return attribute === undefined ? undefined : this.ints(attribute);
  }

  /** One number. */
  number(index: number, attribute: string, fallback: number): number {
    if (this.has(index)) return this.constant(index).values[0] ?? fallback;
    return this.float(attribute, fallback);
  }

  /** An unused name for a layer of a class, after the weight that it has where the graph has names for weights alone. */
  name(className: string, weight?: number): string {
    return layerName(this.node, this.reading.producer, className, weight);
  }

  /** Adds a layer of one input that is not changed by how the graph sees it. */
  alike(className: string, x: Feature, config: Readonly<Record<string, unknown>>): Feature {
    const { layer, layerShape } = this.network.add({
      className,
      name: this.name(className),
      inputs: [x],
      config,
    });
    return { ...x, layer, layerShape, form: undefined, nonNegative: false, exclusive: true };
  }

  /** A list such as of axes is short. */
  private small(constant: Constant): Constant {
    if (constant.values.length <= 64) return constant;
    throw new NoEqual(`a list of ${formatShape(constant.shape)}`);
  }
}

/** What a node makes; of several outputs each. */
export type Operator = (call: Call) => Value | readonly Value[];
