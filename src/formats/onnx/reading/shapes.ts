import { elementCount, formatShape, sameShape } from "../../../util/shapes.ts";
import { permuted } from "../graph.ts";
import type { Call, Value } from "./call.ts";
import { type Constant, constantOf, isFloat, isWhole, MOST_AXES, wholeNumbers } from "./constant.ts";
import { type Feature, reshaped, transposed } from "./feature.ts";
import { NoEqual } from "./no-equal.ts";

/** Operators that move numbers, or only say how they are to be seen. Graphs are gone through with one image in the batch. */

const fromGraphs = ({ shape, folded }: Feature): readonly number[] => (folded ? shape : [1, ...shape]);

/** A feature or a constant, with its shape as the graph has it. */
function seen(call: Call): { x: Feature | Constant; shape: readonly number[] } {
  const [value] = call.values;
  if (value?.kind === "constant") return { x: value, shape: value.shape };
  const x = call.rows(0);
  return { x, shape: fromGraphs(x) };
}

function seeAs(x: Feature | Constant, shape: readonly number[]): Value {
  const from = x.kind === "constant" ? x.shape : fromGraphs(x);
  const possible =
    shape.length <= MOST_AXES &&
    shape.every((side) => side >= 0) &&
    elementCount(from) === elementCount(shape);
  if (!possible) throw new NoEqual(`${formatShape(from)} as ${formatShape(shape)}`);
  if (x.kind === "constant") return { ...x, shape };
  if (shape.length < 2) throw new NoEqual(`an image as ${formatShape(shape)}`);
  return shape[0] === 1 ? reshaped(x, shape.slice(1)) : reshaped(x, shape, true);
}

export function reshape(call: Call): Value {
  const { x, shape } = seen(call);
  const wanted = call.numbers(1, "shape") ?? [];
  const keeps = call.int("allowzero", 0) === 0;
  const target = wanted.map((side, axis) => (side === 0 && keeps ? (shape[axis] ?? 0) : side));
  const rest = elementCount(shape) / elementCount(target.filter((side) => side !== -1));
  return seeAs(
    x,
    target.map((side) => (side === -1 ? rest : side)),
  );
}

export function flatten(call: Call): Value {
  const { x, shape } = seen(call);
  const given = call.int("axis", 1);
  const axis = given < 0 ? given + shape.length : given;
  return seeAs(x, [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))]);
}

export function squeeze(call: Call): Value {
  const { x, shape } = seen(call);
  const given = call.numbers(1, "axes");
  const axes = given?.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const goes = (side: number, axis: number) => (axes ? axes.includes(axis) : side === 1 && axis > 0);
  return seeAs(
    x,
    shape.filter((side, axis) => !goes(side, axis)),
  );
}

export function unsqueeze(call: Call): Value {
  const { x, shape } = seen(call);
  const given = call.numbers(1, "axes") ?? [];
  const rank = shape.length + given.length;
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis));
  const sides = [...shape];
  return seeAs(
    x,
    Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (sides.shift() ?? 1))),
  );
}

export function transpose(call: Call): Value {
  const [value] = call.values;
  const given = call.ints("perm");
  if (value?.kind === "photos") {
    const turned = { ...value, channelsFirst: !value.channelsFirst };
    const expected = value.channelsFirst ? [0, 2, 3, 1] : [0, 3, 1, 2];
    if (given && sameShape(given, expected)) return turned;
  }
  const { x, shape } = seen(call);
  const axes = given ?? [...shape.keys()].reverse();
  if (axes.length !== shape.length || ![...shape.keys()].every((axis) => axes.includes(axis)))
    throw new NoEqual(`axes ${axes.join(", ")}`);
  if (x.kind === "constant") return turnedConstant(call, x, axes);
  const turned =
    axes[0] === 0 && !x.folded
      ? transposed(
          x,
          axes.slice(1).map((axis) => axis - 1),
        )
      : undefined;
  if (turned === undefined) throw new NoEqual(`axes ${axes.join(", ")} of ${formatShape(shape)}`);
  return turned;
}

/** Whole numbers that a float32 holds; larger ones are no sides or pads. */
const LARGEST_WHOLE = 2 ** 24;

function turnedConstant(call: Call, { shape, values }: Constant, axes: readonly number[]): Constant {
  call.network.spend(values.length);
  const sides = axes.map((axis) => shape[axis]);
  if (values instanceof Float32Array) return constantOf(sides, permuted(values, shape, axes));
  if (values.some((value) => Math.abs(value) > LARGEST_WHOLE)) throw new NoEqual("large whole numbers");
  return constantOf(sides, Float64Array.from(permuted(Float32Array.from(values), shape, axes)));
}

/** What changes nothing when a model predicts. */
export function identity(call: Call): Value {
  const [value] = call.values;
  if (value === undefined) throw new NoEqual("an input is missing");
  return value;
}

export function cast(call: Call): Value {
  const [value] = call.values;
  const to = call.int("to", 0);
  if (value?.kind === "photos" && isFloat(to)) return value;
  if (value?.kind !== "constant") {
    if (isFloat(to)) return identity(call);
    throw new NoEqual(`type ${to}`);
  }
  const { shape, values } = value;
  if (isFloat(to) === values instanceof Float32Array) return value;
  call.network.spend(values.length);
  if (isFloat(to)) return constantOf(shape, Float32Array.from(values));
  if (isWhole(to)) return constantOf(shape, Float64Array.from(values, Math.trunc));
  throw new NoEqual(`type ${to}`);
}

export function shapeOf(call: Call): Value {
  const { shape } = seen(call);
  return wholeNumbers(shape.slice(call.int("start", 0), call.node.attributes.get("end")?.int));
}

/** Channels side by side. */
export function concat(call: Call): Value {
  const features = call.values.map((_, i) => call.feature(i));
  if (features.length === 1) return features[0];
  const [{ shape }] = features;
  const given = call.int("axis", 1);
  const axis = (given < 0 ? given + shape.length + 1 : given) - 1;
  if (axis < 0 || axis >= shape.length || features.some((each) => each.shape.length !== shape.length))
    throw new NoEqual(`axis ${given} of ${shape.length + 1}`);
  const order = [...[...shape.keys()].filter((each) => each !== axis), axis];
  const inputs = features.map((each) => call.network.arrange(each, order));
  const made = call.network.add({
    className: "Concatenate",
    name: call.name("Concatenate"),
    inputs,
    config: { axis: -1 },
  });
  const back = shape.map((_, each) => order.indexOf(each));
  const sides = back.map((each) => made.layerShape[each]);
  return {
    ...made,
    order: back,
    shape: sides,
    nonNegative: features.every(({ nonNegative }) => nonNegative),
  };
}
