import { sameShape } from "../../../util/shapes.ts";
import { permuted } from "../graph.ts";

/**
 * What a layer makes of one image, as the graph sees it. A graph turns and reshapes its arrays as it likes (PyTorch has channels
 * first, here they come last), and most of that moves no number: it is written down here, and a layer is made of it only where
 * the next one needs the numbers in another form. All shapes are without the batch, which stays in front.
 *
 * The layer's numbers, row-major, have the sides `axes`. These axes in the order `order`, and then in the sides `shape`, are
 * what the graph has.
 */
export interface Feature {
  readonly kind: "feature";
  /** The layer that makes it; the model's input by the name of that. */
  readonly layer: string;
  /** The output shape of that layer. */
  readonly layerShape: readonly number[];
  readonly axes: readonly number[];
  readonly order: readonly number[];
  readonly shape: readonly number[];
  /** Nothing in it is below zero, so that zeros around it are no maximum. */
  readonly nonNegative: boolean;
  /** Nothing but the node at hand takes what the layer makes, so the layer may take that node in. */
  readonly exclusive: boolean;
  /** The graph has the batch and the first axis in one, as where a matrix is multiplied with every pixel. */
  readonly folded?: boolean;
  /** What it is of another feature, where it may be a part of a longer formula. */
  readonly form?: Form;
}

/** Parts of activations that graphs spell out. */
export interface Form {
  readonly of: Feature;
  readonly what: "sigmoid" | "hard_sigmoid" | "softplus" | "tanh of softplus" | "scaled";
  /** Of what is scaled. */
  readonly by?: number;
}

/** What a layer makes, as it makes it. */
export function featureOf(layer: string, layerShape: readonly number[]): Feature {
  const order = layerShape.map((_, axis) => axis);
  const shape = layerShape;
  return {
    kind: "feature",
    layer,
    layerShape,
    axes: shape,
    order,
    shape,
    nonNegative: false,
    exclusive: true,
  };
}

/** The same numbers with the graph's axes in another order; undefined where that cannot be said. */
export function transposed(feature: Feature, axes: readonly number[]): Feature | undefined {
  const plain = withAxesAsShaped(feature);
  if (plain === undefined) return undefined;
  const order = axes.map((axis) => plain.order[axis]);
  return { ...plain, order, shape: axes.map((axis) => plain.shape[axis]), form: undefined };
}

export const reshaped = (feature: Feature, shape: readonly number[], folded = false): Feature => ({
  ...feature,
  shape,
  folded,
  form: undefined,
});

/** Whether the graph has the numbers in the layer's own order. */
export function isInOrder({ axes, order }: Feature): boolean {
  const moving = order.filter((axis) => axes[axis] > 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1] < axis);
}

/** Whether the graph's last axis is the layer's, whatever lies before it. */
export const endsAlike = (feature: Feature): boolean =>
  isInOrder(feature) && feature.shape.at(-1) === feature.layerShape.at(-1);

/** Axis for axis what the graph has: undefined where the graph has put turned axes together. */
function withAxesAsShaped(feature: Feature): Feature | undefined {
  const { axes, order, shape } = feature;
  if (
    sameShape(
      order.map((axis) => axes[axis]),
      shape,
    )
  )
    return feature;
  if (!isInOrder(feature)) return undefined;
  return { ...feature, axes: shape, order: shape.map((_, axis) => axis) };
}

/**
 * The feature with the graph's axes `wanted` as the layer's own, in that order; its layer may still have another shape. Undefined
 * where numbers would have to move.
 */
export function arranged(feature: Feature, wanted: readonly number[]): Feature | undefined {
  const turned = transposed(feature, wanted);
  if (turned === undefined || !isInOrder(turned)) return undefined;
  const { shape } = turned;
  const order = shape.map((_, axis) => wanted.indexOf(axis));
  return { ...feature, axes: shape, order };
}

/** Values that lie as the graph has a feature's numbers, put as the layer has them; each may be a row of so many. */
export function asLayerHas({ axes, order }: Feature, values: Float32Array, row = 1): Float32Array {
  const sides = [...order.map((axis) => axes[axis]), row];
  const places = [...axes.map((_, axis) => order.indexOf(axis)), axes.length];
  return permuted(values, sides, places);
}

export const sameNumbers = (a: Feature, b: Feature): boolean =>
  a.layer === b.layer &&
  sameShape(a.axes, b.axes) &&
  sameShape(a.order, b.order) &&
  sameShape(a.shape, b.shape);

/** All its numbers in one axis, where the graph has them in the layer's order. */
export function asRowOf(feature: Feature): Feature | undefined {
  const shape = [feature.shape.reduce((product, side) => product * side, 1)];
  return isInOrder(feature) ? { ...feature, axes: shape, order: [0], shape } : undefined;
}
