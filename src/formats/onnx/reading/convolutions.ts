import { elementCount, formatShape } from "../../../util/shapes.ts";
import { permuted } from "../graph.ts";
import type { Call } from "./call.ts";
import type { Constant } from "./constant.ts";
import { asChannelsFirst, asImage } from "./images.ts";
import { NoEqual } from "./no-equal.ts";
import { padded, spansOf } from "./windows.ts";

/** Kernels are [out, in / groups, height, width] there, [height, width, in, out] or [height, width, in, multiplier] here. */
export function convolution(call: Call) {
  const image = asImage(call.network, call.feature(0));
  const { shape, values } = floats(call.constant(1));
  if (shape.length !== 4) throw new NoEqual(`a kernel of ${shape.length} axes`);
  const [filters, depth, height, width] = shape;
  const [groups, channels] = [call.int("group", 1), image.layerShape[2]];
  if (depth * groups !== channels)
    throw new NoEqual(`a kernel of ${formatShape(shape)} over ${channels} channels`);
  call.network.spend(values.length);
  const spans = spansOf(call, image, [height, width]);
  const { x, padding } = padded(call, image, spans);
  const dilationRate = spans.map(({ dilation }) => dilation);
  const biased = call.has(2);
  const settings = {
    kernelSize: [height, width],
    strides: spans.map(({ stride }) => stride),
    padding,
    useBias: biased,
    ...(dilationRate.some((rate) => rate > 1) && { dilationRate }),
  };
  const depthwise = groups > 1 && depth === 1 && filters % groups === 0;
  const multiplier = filters / groups;
  const kernel = depthwise
    ? {
        shape: [height, width, groups, multiplier],
        values: permuted(values, [groups, multiplier, height, width], [2, 3, 0, 1]),
      }
    : { shape: [height, width, depth, filters], values: permuted(values, shape, [2, 3, 1, 0]) };
  const className = depthwise ? "DepthwiseConv2D" : "Conv2D";
  const own = depthwise ? { depthMultiplier: multiplier } : { filters, ...(groups > 1 && { groups }) };
  const name = call.name(className, 1);
  const config = { ...own, ...settings };
  const weights = { kernel, ...(biased && { bias: vector(call.constant(2), filters) }) };
  return asChannelsFirst(call.network.add({ className, name, inputs: [x], config, weights }));
}

/** Numbers of a layer. */
export function floats({ shape, values }: Constant): {
  readonly shape: readonly number[];
  readonly values: Float32Array;
} {
  return { shape, values: values instanceof Float32Array ? values : Float32Array.from(values) };
}

export function vector(constant: Constant, length: number) {
  const { shape, values } = floats(constant);
  if (elementCount(shape) === length) return { shape: [length], values };
  throw new NoEqual(`${formatShape(shape)} in place of ${length} numbers`);
}
