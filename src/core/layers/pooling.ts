import { z } from "zod";
import { averagePool2d, globalAveragePool2d, maxPool2d } from "../operations/pooling.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { defineLayer } from "./define.ts";
import {
  dataFormatSchema,
  paddingSchema,
  pairSchema,
  type WindowGeometry,
  windowGeometry,
} from "./window.ts";

const config = z.object({
  poolSize: pairSchema.default([2, 2]),
  strides: pairSchema.nullish(),
  padding: paddingSchema,
  dataFormat: dataFormatSchema,
});

const windowOf = ({ poolSize, strides, padding }: z.output<typeof config>) => ({
  size: poolSize,
  strides: strides ?? poolSize,
  padding,
});

type Geometry = WindowGeometry & { readonly poolHeight: number; readonly poolWidth: number };

/** The two pooling layers differ in nothing but the operation. */
const definePooling = (
  className: string,
  pool: (recorder: Recorder, x: Tensor, geometry: Geometry) => Tensor,
) =>
  defineLayer({
    className,
    config,
    outputShape: (input, layer) => {
      const { outputHeight, outputWidth } = windowGeometry(input, windowOf(layer));
      return [outputHeight, outputWidth, input[2]];
    },
    record: (recorder, x, { config: layer }) => {
      const [poolHeight, poolWidth] = layer.poolSize;
      return pool(recorder, x, {
        poolHeight,
        poolWidth,
        ...windowGeometry(x.shape.slice(1), windowOf(layer)),
      });
    },
  });

/** The largest value of each window. [height, width, channels] to [outputHeight, outputWidth, channels]. */
export const maxPooling2D = definePooling(
  "MaxPooling2D",
  (recorder, x, geometry) => recorder.apply(maxPool2d, { x }, geometry).y,
);

/** The mean of each window; padding does not count. */
export const averagePooling2D = definePooling(
  "AveragePooling2D",
  (recorder, x, geometry) => recorder.apply(averagePool2d, { x }, geometry).y,
);

/** Two layers that make one value of each channel, which differ in nothing but how. */
const defineGlobalPooling = (className: string, pool: (recorder: Recorder, x: Tensor) => Tensor) =>
  defineLayer({
    className,
    config: z.object({ dataFormat: dataFormatSchema, keepdims: z.boolean().default(false) }),
    outputShape: (input, { keepdims }) => {
      if (input.length !== 3)
        throw new RangeError(`Expected height, width and channels, found ${input.length} axes`);
      return keepdims ? [1, 1, input[2]] : [input[2]];
    },
    record: (recorder, x, { config: { keepdims } }) => {
      const [batch, , , channels] = x.shape;
      const y = pool(recorder, x);
      const shape = keepdims ? [batch, 1, 1, channels] : [batch, channels];
      return y.shape.length === shape.length ? y : recorder.view(y, shape);
    },
  });

/** Mean over height and width. [height, width, channels] to [channels], or to [1, 1, channels] with `keepdims`. */
export const globalAveragePooling2D = defineGlobalPooling(
  "GlobalAveragePooling2D",
  (recorder, x) => recorder.apply(globalAveragePool2d, { x }, {}).y,
);

/** The largest value of each channel: a pool with one window. Shapes as above. */
export const globalMaxPooling2D = defineGlobalPooling("GlobalMaxPooling2D", (recorder, x) => {
  const [, poolHeight, poolWidth] = x.shape;
  const window = { size: [poolHeight, poolWidth], strides: [1, 1], padding: "valid" } as const;
  const geometry = windowGeometry(x.shape.slice(1), window);
  return recorder.apply(maxPool2d, { x }, { poolHeight, poolWidth, ...geometry }).y;
});
