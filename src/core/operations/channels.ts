import { elementCount } from "../../util/shapes.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import type { Operation } from "./define.ts";
import { fill, multiply, rescale } from "./elementwise.ts";
import { globalAveragePool2d } from "./pooling.ts";

/** y = a's channels, then b's. a [..., m], b [..., n], y [..., m + n]; the other axes are the same. */
export const concatenate: Operation<"concatenate", "a" | "b", "y", never> = {
  name: "concatenate",
  inputs: ["a", "b"],
  outputs: ["y"],
  attributes: [],
  infer: ({ a, b }) => ({ y: { shape: [...a.shape.slice(0, -1), channelsOf(a) + channelsOf(b)] } }),
  gradients: {
    a: (recorder, { inputs: { a } }, dy) =>
      recorder.apply(sliceChannels, { x: dy }, { first: 0, count: channelsOf(a) }).y,
    b: (recorder, { inputs: { a, b } }, dy) =>
      recorder.apply(sliceChannels, { x: dy }, { first: channelsOf(a), count: channelsOf(b) }).y,
  },
};

/** y = `count` channels of x from `first` on. x [..., channels], y [..., count]. */
export const sliceChannels: Operation<"sliceChannels", "x", "y", "first" | "count"> = {
  name: "sliceChannels",
  inputs: ["x"],
  outputs: ["y"],
  attributes: ["first", "count"],
  infer: ({ x }, { count }) => ({ y: { shape: [...x.shape.slice(0, -1), count] } }),
  gradients: {
    x: (recorder, { inputs: { x }, attributes: { first, count } }, dy) => {
      const behind = channelsOf(x) - first - count;
      const parts = [zeros(recorder, x, first), dy, zeros(recorder, x, behind)];
      return concatenateAll(
        recorder,
        parts.filter((part) => part !== undefined),
      );
    },
  },
};

/** y = x * scale, a number for each channel of each image. x [batch, height, width, channels], scale [batch, channels]. */
export const scaleChannels: Operation<"scaleChannels", "x" | "scale", "y", never> = {
  name: "scaleChannels",
  inputs: ["x", "scale"],
  outputs: ["y"],
  attributes: [],
  infer: ({ x }) => ({ y: { shape: x.shape } }),
  gradients: {
    x: (recorder, { inputs: { scale } }, dy) => recorder.apply(scaleChannels, { x: dy, scale }, {}).y,
    scale: (recorder, { inputs: { x } }, dy) => {
      const products = recorder.apply(multiply, { a: dy, b: x }, {}).y;
      const mean = recorder.apply(globalAveragePool2d, { x: products }, {}).y;
      return recorder.apply(rescale, { x: mean }, { scale: x.shape[1] * x.shape[2], offset: 0 }).y;
    },
  },
};

/** The channels of all, in their order; by halves, so that none is copied more often than their number has digits. */
export function concatenateAll(recorder: Recorder, tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0];
  const middle = Math.ceil(tensors.length / 2);
  const [a, b] = [tensors.slice(0, middle), tensors.slice(middle)];
  const halves = { a: concatenateAll(recorder, a), b: concatenateAll(recorder, b) };
  return recorder.apply(concatenate, halves, {}).y;
}

function zeros(recorder: Recorder, { shape }: Tensor, channels: number): Tensor | undefined {
  if (channels === 0) return undefined;
  const sides = [...shape.slice(0, -1), channels];
  const { y } = recorder.apply(fill, {}, { value: 0, length: elementCount(sides) });
  return recorder.view(y, sides);
}

const channelsOf = ({ shape }: Tensor) => shape[shape.length - 1];
