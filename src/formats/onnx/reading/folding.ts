import { elementCount, formatShape, sameShape } from "../../../util/shapes.ts";
import type { Call } from "./call.ts";
import { type Constant, constantOf, MOST_AXES } from "./constant.ts";
import { NoEqual } from "./no-equal.ts";

/** Arithmetic of constants, such as of shapes. Sides of one are repeated. */
export function foldBinary(call: Call, compute: (a: number, b: number) => number): Constant {
  const [a, b] = [call.constant(0), call.constant(1)];
  const shape = sameShape(a.shape, b.shape) || b.values.length === 1 ? a.shape : b.shape;
  if (!sameShape(a.shape, b.shape) && a.values.length !== 1 && b.values.length !== 1)
    throw new NoEqual(`${formatShape(a.shape)} and ${formatShape(b.shape)}`);
  const longer = a.shape.length > b.shape.length && b.values.length === a.values.length ? a.shape : shape;
  const at = ({ values }: Constant, i: number) => values[values.length === 1 ? 0 : i];
  const count = elementCount(longer);
  call.network.spend(count);
  const whole = a.values instanceof Float64Array && b.values instanceof Float64Array;
  const values = whole ? new Float64Array(count) : new Float32Array(count);
  return constantOf(
    longer,
    values.map((_, i) => compute(at(a, i), at(b, i))),
  );
}

export function foldUnary(call: Call, compute: (value: number) => number): Constant {
  const { shape, values } = call.constant(0);
  call.network.spend(values.length);
  return constantOf(shape, values.map(compute));
}

/** One after the other along their only axis, as lists of sides are. */
export function foldConcat(call: Call): Constant {
  const parts = call.values.map((_, i) => call.constant(i));
  if (parts.some(({ shape }) => shape.length !== 1)) throw new NoEqual("constants that are no lists");
  const count = parts.reduce((sum, { values }) => sum + values.length, 0);
  call.network.spend(count);
  const whole = parts.every(({ values }) => values instanceof Float64Array);
  const joined = whole ? new Float64Array(count) : new Float32Array(count);
  let at = 0;
  for (const { values } of parts) {
    joined.set(values, at);
    at += values.length;
  }
  return constantOf([count], joined);
}

/** What is picked from a list. */
export function gather(call: Call): Constant {
  const [data, indices] = [call.constant(0), call.constant(1)];
  if (data.shape.length !== 1 || call.int("axis", 0) > 0) throw new NoEqual("what is no list");
  call.network.spend(indices.values.length);
  const { length } = data.values;
  const picked = [...indices.values].map((index) => data.values[index < 0 ? index + length : index]);
  if (picked.includes(undefined as never)) throw new NoEqual(`places beyond a list of ${length}`);
  return constantOf(
    indices.shape,
    data.values instanceof Float64Array ? Float64Array.from(picked) : Float32Array.from(picked),
  );
}

/** A part along some axes; backwards too, as PyTorch turns pads round. */
export function slice(call: Call): Constant {
  const { shape, values } = call.constant(0);
  const [starts, ends] = [call.numbers(1, "starts") ?? [], call.numbers(2, "ends") ?? []];
  const axes = call.numbers(3, "axes") ?? starts.map((_, i) => i);
  const steps = call.numbers(4) ?? starts.map(() => 1);
  if (values.length === 0) throw new NoEqual("a part of nothing");
  const picked = shape.map((side, axis) => {
    const i = axes.findIndex((each) => (each < 0 ? each + shape.length : each) === axis);
    return i < 0 ? [...Array(side).keys()] : placesOf(side, starts[i], ends[i], steps[i]);
  });
  const count = elementCount(picked.map(({ length }) => length));
  call.network.spend(count + elementCount(shape));
  const places = picked.reduce(
    (before, each, axis) => before.flatMap((at) => each.map((i) => at * shape[axis] + i)),
    [0],
  );
  return constantOf(
    picked.map(({ length }) => length),
    values instanceof Float64Array
      ? Float64Array.from(places, (at) => values[at])
      : Float32Array.from(places, (at) => values[at]),
  );
}

function placesOf(side: number, start: number, end: number, step: number): number[] {
  const within = (place: number, least: number, most: number) =>
    Math.min(Math.max(place < 0 ? place + side : place, least), most);
  if (!Number.isInteger(step) || step === 0) throw new NoEqual(`a step of ${step}`);
  const [from, to] =
    step > 0
      ? [within(start, 0, side), within(end, 0, side)]
      : [within(start, 0, side - 1), within(end, -1, side - 1)];
  const places = [];
  for (let place = from; step > 0 ? place < to : place > to; place += step) places.push(place);
  return places;
}

export function constantOfShape(call: Call): Constant {
  const shape = [...(call.numbers(0) ?? [])];
  const count = elementCount(shape);
  if (shape.length > MOST_AXES || !shape.every((side) => side >= 0))
    throw new NoEqual(`a shape of ${formatShape(shape)}`);
  call.network.spend(count);
  const tensor = call.node.attributes.get("value")?.tensor;
  const value = tensor ? call.reading.constant(tensor) : undefined;
  const numbers = value?.values instanceof Float64Array ? new Float64Array(count) : new Float32Array(count);
  return constantOf(shape, numbers.fill(value?.values[0] ?? 0));
}

/** A number, a list or a tensor among the node's attributes. */
export function constant(call: Call): Constant {
  const { attributes } = call.node;
  const tensor = attributes.get("value")?.tensor;
  if (tensor) return call.reading.constant(tensor);
  const [int, ints] = [attributes.get("value_int"), attributes.get("value_ints")];
  if (int) return constantOf([], Float64Array.of(int.int));
  if (ints) return constantOf([ints.ints.length], Float64Array.from(ints.ints));
  const [float, floats] = [attributes.get("value_float"), attributes.get("value_floats")];
  if (float) return constantOf([], Float32Array.of(float.float));
  if (floats) return constantOf([floats.floats.length], Float32Array.from(floats.floats));
  throw new NoEqual("what are no numbers");
}
