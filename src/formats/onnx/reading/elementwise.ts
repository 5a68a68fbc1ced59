import { elementCount, formatShape, sameShape } from "../../../util/shapes.ts";
import { activate, isHalf } from "./activations.ts";
import type { Call, Value } from "./call.ts";
import type { Constant } from "./constant.ts";
import { floats } from "./convolutions.ts";
import { asRow } from "./dense.ts";
import { arranged, asLayerHas, endsAlike, type Feature, isInOrder, sameNumbers } from "./feature.ts";
import { foldBinary } from "./folding.ts";
import { NoEqual } from "./no-equal.ts";

/** x * scale + shift, either of one number or of one for each place of an axis. */
interface Affine {
  readonly scale?: Constant;
  readonly shift?: Constant;
}

export function add(call: Call): Value {
  const [a, b] = call.values;
  if (a?.kind === "constant" && b?.kind === "constant") return foldBinary(call, (p, q) => p + q);
  const [x, shift] = sides(call);
  if (shift.kind !== "constant") return joined(call, "Add", x, shift);
  return affine(call, x, { shift });
}

export function subtract(call: Call): Value {
  const [a, b] = call.values;
  if (a?.kind === "constant" && b?.kind === "constant") return foldBinary(call, (p, q) => p - q);
  if (a?.kind === "constant") return affine(call, call.rows(1), { scale: one(-1), shift: a });
  const x = call.rows(0);
  if (b?.kind !== "constant") return joined(call, "Subtract", x, call.rows(1));
  return affine(call, x, { shift: { ...b, values: b.values.map((value) => -value) } });
}

export function divide(call: Call): Value {
  const [a, b] = call.values;
  if (a?.kind === "constant" && b?.kind === "constant") {
    const whole = a.values instanceof Float64Array && b.values instanceof Float64Array;
    return foldBinary(call, (p, q) => (whole ? Math.trunc(p / q) : p / q));
  }
  if (b?.kind !== "constant") throw new NoEqual("a divisor that is no constant");
  return affine(call, call.rows(0), {
    scale: { ...b, values: floats(b).values.map((value) => 1 / value) },
  });
}

export function multiply(call: Call): Value {
  const [a, b] = call.values;
  if (a?.kind === "constant" && b?.kind === "constant") return foldBinary(call, (p, q) => p * q);
  const fragment = gelu(call);
  if (fragment) return fragment;
  const [x, y] = sides(call);
  if (y.kind === "constant") return affine(call, x, { scale: y });
  return gated(call, x, y) ?? gated(call, y, x) ?? joined(call, "Multiply", x, y);
}

/** A feature and what is added to it or multiplied with it. */
function sides(call: Call): [Feature, Feature | Constant] {
  const constant = call.values.findIndex((value) => value?.kind === "constant");
  if (constant < 0) return [call.rows(0), call.rows(1)];
  return [call.rows(1 - constant), call.constant(constant)];
}

const gates: Readonly<Record<string, string>> = {
  sigmoid: "silu",
  hard_sigmoid: "hard_silu",
  "tanh of softplus": "mish",
};

/** x times what is a function of x. */
function gated(call: Call, x: Feature, { form }: Feature): Feature | undefined {
  const name = form && gates[form.what];
  return form && name && sameNumbers(form.of, x) ? activate(call, x, name) : undefined;
}

/** x (1 + erf(x / √2)) / 2, in whichever order. */
function gelu(call: Call): Value | undefined {
  const at = call.values.findIndex((value) => value?.kind === "fragment");
  const fragment = call.values[at];
  if (fragment?.kind !== "fragment") return undefined;
  const other = call.values[1 - at];
  const half = other?.kind === "constant" && other.values.length === 1 && isHalf(other.values[0]);
  if (fragment.what === "x (1 + erf)" && half) return activate(call, fragment.of, "gelu");
  if (fragment.what === "1 + erf" && half) return { ...fragment, what: "(1 + erf) / 2" };
  if (other?.kind !== "feature") return undefined;
  const isX = sameNumbers(other, fragment.of);
  if (fragment.what === "(1 + erf) / 2" && isX) return activate(call, fragment.of, "gelu");
  if (fragment.what !== "1 + erf") return undefined;
  if (isX) return { ...fragment, what: "x (1 + erf)" };
  const { form } = other;
  const halved = form?.what === "scaled" && isHalf(form.by) && sameNumbers(form.of, fragment.of);
  return halved ? activate(call, fragment.of, "gelu") : undefined;
}

/** 1 + erf */
function addedToFragment(call: Call): Value | undefined {
  const fragment = call.values.find((value) => value?.kind === "fragment");
  const other = call.values.find((value) => value?.kind === "constant");
  const one = other?.kind === "constant" && other.values.length === 1 && other.values[0] === 1;
  return fragment?.kind === "fragment" && fragment.what === "erf" && one
    ? { ...fragment, what: "1 + erf" }
    : undefined;
}

export const addOrFragment = (call: Call): Value => addedToFragment(call) ?? add(call);

/** Layers of several inputs, which must have them in one form; a product may have one number for each channel. */
function joined(call: Call, className: string, ...features: readonly Feature[]): Feature {
  const name = call.name(className);
  const inputs = features.length === 2 ? alike(call, features[0], features[1]) : allAlike(call, features);
  const { layer, layerShape } = call.network.add({ className, name, inputs });
  const whole = inputs.find((input) => sameShape(layerShape, input.layerShape)) ?? inputs[0];
  const nonNegative = features.every((each) => each.nonNegative) && className !== "Subtract";
  return { ...whole, layer, layerShape, nonNegative, exclusive: true, form: undefined };
}

export const joinOf =
  (className: string) =>
  (call: Call): Feature => {
    const features = call.values.map((_, i) => call.rows(i));
    return features.length === 1 ? features[0] : joined(call, className, ...features);
  };

/** In the form that the first has beside the second, and so on. */
function allAlike(call: Call, [first, ...others]: readonly Feature[]): Feature[] {
  const pairs = others.map((other) => alike(call, first, other));
  const [[one]] = pairs;
  const same = pairs.every(([each]) => sameShape(each.axes, one.axes) && sameShape(each.order, one.order));
  if (same) return [one, ...pairs.map(([, other]) => other)];
  throw new NoEqual("arrays that have their axes in several orders");
}

function alike(call: Call, a: Feature, b: Feature): [Feature, Feature] {
  if (a.shape.length !== b.shape.length || (a.folded ?? false) !== (b.folded ?? false))
    throw new NoEqual(`${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  const alreadyAlike =
    sameShape(a.axes, b.axes) && sameShape(a.order, b.order) && sameShape(a.layerShape, b.layerShape);
  if (alreadyAlike && sameShape(a.shape, b.shape)) return [a, b];
  if (a.folded && areRowsOfOneImage(a, b)) return [a, b];
  const orders =
    a.shape.length === 3
      ? [
          [1, 2, 0],
          [0, 1, 2],
        ]
      : [[...a.shape.keys()]];
  const order = orders.find((each) => arranged(a, each) && arranged(b, each)) ?? orders[0];
  return [call.network.arrange(a, order), call.network.arrange(b, order)];
}

/** Where the graph has every pixel for an image, with a number for it, the layers have images, whose pixels are the same ones. */
function areRowsOfOneImage(a: Feature, b: Feature): boolean {
  const pixels = a.layerShape.slice(0, -1);
  const alike = sameShape(pixels, b.layerShape.slice(0, -1)) && elementCount(pixels) === a.shape[0];
  return alike && a.shape[0] === b.shape[0] && isInOrder(a) && isInOrder(b);
}

function affine(call: Call, x: Feature, given: Affine): Feature {
  const { input } = call.reading;
  const numbers = [given.scale, given.shift].map((constant) => constant && single(constant));
  const scalars = numbers.every(
    (value, i) => value !== undefined || [given.scale, given.shift][i] === undefined,
  );
  if (!scalars) return perChannel(call, x, given);
  const [scale = 1, offset = 0] = numbers;
  if (scale === 1 && offset === 0) return x;
  if (input.rule && x.exclusive && x.layer === call.network.inputName) {
    input.rule = {
      ...input.rule,
      scale: input.rule.scale * scale,
      offset: input.rule.offset * scale + offset,
    };
    return x;
  }
  return rescaled(call, x, scale, offset);
}

/** Several in a row are one layer. */
function rescaled(call: Call, x: Feature, scale: number, offset: number): Feature {
  const draft = call.network.open(x, "Rescaling");
  const form = scale !== 1 && offset === 0 ? ({ of: x, what: "scaled", by: scale } as const) : undefined;
  if (!draft) return { ...call.alike("Rescaling", x, { scale, offset }), form };
  const before = draft.config as { scale: number; offset: number };
  draft.config = { scale: before.scale * scale, offset: before.offset * scale + offset };
  return { ...x, nonNegative: false, form: undefined };
}

/** A power of two, so that the variance of which it is a part is exactly one with it. */
const EPSILON = 2 ** -10;

/** A bias of the layer before, or a normalisation by statistics that do nothing. */
function perChannel(call: Call, x: Feature, given: Affine): Feature {
  const axis = axisOf(x, given);
  const length = x.shape[axis];
  const image = x.shape.length === 1 ? asRow(call, x) : channelsLast(call, x, axis);
  const values = (constant: Constant | undefined, otherwise: number) =>
    constant === undefined || constant.values.length === 1
      ? new Float32Array(length).fill(constant?.values[0] ?? otherwise)
      : inOrder(x, floats(constant).values);
  const [scale, shift] = [values(given.scale, 1), values(given.shift, 0)];
  if (image.layer === x.layer && addToDraft(call, x, given.scale && scale, shift))
    return { ...x, nonNegative: false };
  const constant = (value: number) => ({ shape: [length], values: new Float32Array(length).fill(value) });
  const weights = {
    gamma: { shape: [length], values: scale },
    beta: { shape: [length], values: shift },
    moving_mean: constant(0),
    moving_variance: constant(1 - EPSILON),
  };
  const name = call.name("BatchNormalization");
  const config = { axis: -1, epsilon: EPSILON };
  const { layer, layerShape } = call.network.add({
    className: "BatchNormalization",
    name,
    inputs: [image],
    config,
    weights,
  });
  return { ...image, layer, layerShape, nonNegative: false, exclusive: true, form: undefined };
}

function addToDraft(call: Call, x: Feature, scale: Float32Array | undefined, shift: Float32Array): boolean {
  const draft = call.network.open(x, "Conv2D", "DepthwiseConv2D", "Dense", "BatchNormalization");
  if (draft === undefined) return false;
  const weight = (name: string, change: (value: number, i: number) => number) => {
    const { shape, values } = draft.weights.get(name)!;
    call.network.spend(values.length);
    draft.weights.set(name, { shape, values: values.map(change) });
  };
  if (draft.className === "BatchNormalization") {
    if (draft.config.epsilon !== EPSILON) return false; // one of the graph's own
    if (scale) weight("gamma", (value, i) => value * scale[i]);
    weight("beta", (value, i) => value * (scale?.[i] ?? 1) + shift[i]);
    return true;
  }
  if (scale || draft.config.activation !== undefined || draft.config.useBias !== false) return false;
  draft.config = { ...draft.config, useBias: true };
  draft.weights.set("bias", { shape: [shift.length], values: shift });
  return true;
}

const one = (value: number): Constant => ({ kind: "constant", shape: [], values: Float32Array.of(value) });

const single = ({ values }: Constant): number | undefined =>
  values.length > 0 && values.every((value) => value === values[0]) ? values[0] : undefined;

/** Which of the graph's axes the constants go along; those of one number go along any. */
function axisOf({ shape }: Feature, { scale, shift }: Affine): number {
  const axes = [scale, shift].flatMap((constant) => {
    if (constant === undefined || constant.values.length === 1) return [];
    const sides = [...constant.shape];
    while (sides.length > shape.length && sides[0] === 1) sides.shift();
    const from = shape.length - sides.length;
    const long = sides.flatMap((side, i) => (side > 1 ? [i + from] : []));
    const fits = from >= 0 && long.length === 1 && shape[long[0]] === constant.values.length;
    if (!fits) throw new NoEqual(`${formatShape(constant.shape)} beside ${formatShape(shape)}`);
    return long;
  });
  if (axes.every((axis) => axis === axes[0])) return axes[0];
  throw new NoEqual("constants along several axes");
}

function channelsLast(call: Call, x: Feature, axis: number): Feature {
  if (axis === x.shape.length - 1 && endsAlike(x)) return x;
  const others = [...x.shape.keys()].filter((each) => each !== axis);
  return call.network.arrange(x, [...others, axis]);
}

/** Of a row the layer may have its numbers in another order. */
const inOrder = (x: Feature, values: Float32Array): Float32Array =>
  x.shape.length === 1 && !isInOrder(x) ? asLayerHas(x, values) : values;
