import { sameShape } from "../../../util/shapes.ts";
import type { Call, Value } from "./call.ts";
import type { Feature } from "./feature.ts";
import { asChannelsFirst, asImage, imageOrder } from "./images.ts";
import { NoEqual } from "./no-equal.ts";
import { zeroPadded } from "./windows.ts";

/** Operators that change which pixels and channels an image has. */

/** Zeros around an image, or its edges cut off. */
export function pad(call: Call): Value {
  const x = call.feature(0);
  const rank = x.shape.length + 1;
  const given = call.numbers(1, "pads") ?? [];
  const axes = call.numbers(3)?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? [...Array(rank).keys()];
  if (call.text("mode", "constant") !== "constant" || call.number(2, "value", 0) !== 0)
    throw new NoEqual("pads that are no zeros");
  const sides = Array.from({ length: rank }, (_, axis) => {
    const i = axes.indexOf(axis);
    return i < 0 ? [0, 0] : [given[i] ?? Number.NaN, given[i + axes.length] ?? Number.NaN];
  });
  if (sides.flat().every((side) => side === 0)) return x;
  const order = imageOrder(x);
  const [batch, ...around] = sides;
  const frame = order?.map((axis) => around[axis]);
  const possible = sides.flat().every((side) => Math.abs(side) <= 65_536);
  if (!order || !frame || !possible || [...batch, ...frame[2]].some((side) => side !== 0))
    throw new NoEqual(`pads ${given.join(", ")}`);
  const image = call.network.arrange(x, order);
  const made = framed(call, image, frame.slice(0, 2));
  const back = x.shape.map((_, axis) => order.indexOf(axis));
  return {
    ...made,
    order: back,
    shape: back.map((axis) => made.layerShape[axis]),
    nonNegative: x.nonNegative,
  };
}

/** Zeros put around an image, or with less than none its edges cut off. */
function framed(call: Call, image: Feature, frame: readonly (readonly number[])[]): Feature {
  const zeros = frame.map((ends) => ends.map((side) => Math.max(side, 0)));
  const cut = frame.map((ends) => ends.map((side) => Math.max(-side, 0)));
  const some = (sides: readonly (readonly number[])[]) => sides.flat().some((side) => side > 0);
  const padded = some(zeros) ? zeroPadded(call, image, zeros) : image;
  if (!some(cut)) return padded;
  const name = `${call.name("Cropping2D")}_cut`;
  return call.network.add({ className: "Cropping2D", name, inputs: [padded], config: { cropping: cut } });
}

/** Photos made as large as the model wants them, which the rule of a run does itself; or every pixel several times. */
export function resize(call: Call): Value {
  const [value] = call.values;
  const sizes = call.numbers(3);
  if (value?.kind !== "photos" || sizes === undefined) return enlarged(call);
  const axes = call.ints("axes") ?? [0, 1, 2, 3];
  const sides = (value.channelsFirst ? [2, 3] : [1, 2]).map((axis) => sizes[axes.indexOf(axis)]);
  const how = [call.text("mode", "nearest"), call.text("coordinate_transformation_mode", "half_pixel")];
  if (!sameShape(sides.filter(isSide), sides) || how[0] !== "linear" || how[1] !== "half_pixel")
    throw new NoEqual(`${how.join(", ")} to ${sides.join("x")}`);
  const [height, width] = sides;
  return call.reading.input.resize(call.network, value, [height, width], call.int("antialias", 0) === 1);
}

const isSide = (side: number | undefined) =>
  side !== undefined && Number.isInteger(side) && side > 0 && side <= 65_536;

/** Ways to say that every pixel is taken so many times. */
const repeating = [
  "asymmetric floor",
  "half_pixel round_prefer_floor",
  "half_pixel_symmetric round_prefer_floor",
];

function enlarged(call: Call): Value {
  const image = asImage(call.network, call.feature(0));
  const scales = call.numbers(2) ?? [];
  const how = `${call.text("coordinate_transformation_mode", "half_pixel")} ${call.text("nearest_mode", "round_prefer_floor")}`;
  const size = scales.slice(2);
  const plain = scales.length === 4 && scales[0] === 1 && scales[1] === 1 && size.every(isSide);
  if (!plain || call.text("mode", "nearest") !== "nearest" || !repeating.includes(how))
    throw new NoEqual(`${call.text("mode", "nearest")}, ${how} by ${scales.join("x") || "no scales"}`);
  const name = call.name("UpSampling2D");
  return asChannelsFirst(
    call.network.add({ className: "UpSampling2D", name, inputs: [image], config: { size } }),
  );
}

/** Some of the channels: a convolution of one pixel, whose weights are 1 for those and 0 for all others. */
function picked(call: Call, x: Feature, axis: number, from: number, to: number): Feature {
  const others = [...x.shape.keys()].filter((each) => each !== axis);
  const order = [...others, axis];
  if (x.shape.length !== 3) throw new NoEqual("a part of what is no image");
  const image = call.network.arrange(x, order);
  const [channels, filters] = [x.shape[axis], to - from];
  if (!(filters > 0 && from >= 0 && to <= channels))
    throw new NoEqual(`channels ${from} to ${to} of ${channels}`);
  call.network.spend(channels * filters);
  const values = new Float32Array(channels * filters);
  for (let i = 0; i < filters; i++) values[(from + i) * filters + i] = 1;
  const kernel = { shape: [1, 1, channels, filters], values };
  const config = { filters, kernelSize: [1, 1], useBias: false };
  const name = call.name("Conv2D");
  const made = call.network.add({ className: "Conv2D", name, inputs: [image], config, weights: { kernel } });
  const back = x.shape.map((_, each) => order.indexOf(each));
  return {
    ...made,
    order: back,
    shape: back.map((each) => made.layerShape[each]),
    nonNegative: x.nonNegative,
  };
}

/** The channels' axis among those without the batch; pixels are not picked. */
function channelAxis(x: Feature, given: number): number {
  const axis = (given < 0 ? given + x.shape.length + 1 : given) - 1;
  const order = imageOrder(x);
  if (order?.[2] === axis) return axis;
  throw new NoEqual(`a part along axis ${given}`);
}

export function sliceChannels(call: Call): Value {
  const x = call.feature(0);
  const [starts, ends, axes] = [
    call.numbers(1, "starts"),
    call.numbers(2, "ends"),
    call.numbers(3, "axes") ?? [0],
  ];
  if (starts?.length !== 1 || ends?.length !== 1 || axes.length !== 1 || (call.numbers(4)?.[0] ?? 1) !== 1)
    throw new NoEqual("a part along several axes, or with steps");
  const axis = channelAxis(x, axes[0]);
  const side = x.shape[axis];
  const [from, to] = [starts[0], ends[0]].map((end) =>
    Math.min(Math.max(end < 0 ? end + side : end, 0), side),
  );
  return picked(call, x, axis, from, to);
}

export function split(call: Call): Value[] {
  const x = call.feature(0);
  const axis = channelAxis(x, call.int("axis", 0));
  const parts = call.node.outputs.length;
  const each = Math.ceil(x.shape[axis] / parts);
  const even = Array.from({ length: parts }, (_, i) => Math.min(each, x.shape[axis] - i * each));
  const sizes = call.numbers(1, "split") ?? even;
  let to = 0;
  return sizes.slice(0, parts).map((size) => {
    to += size;
    return picked(call, x, axis, to - size, to);
  });
}
