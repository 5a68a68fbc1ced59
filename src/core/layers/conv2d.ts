import { z } from "zod";
import { activationSchema, activations } from "../activations.ts";
import { initializerSchema } from "../initializers.ts";
import { concatenateAll, sliceChannels } from "../operations/channels.ts";
import { conv2d as conv2dOperation } from "../operations/convolution.ts";
import { addBias } from "../operations/dense.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { defineLayer } from "./define.ts";
import { dilate } from "./spread.ts";
import { dataFormatSchema, dilationSchema, paddingSchema, pairSchema, windowGeometry } from "./window.ts";

const config = z.object({
  filters: z.number().int().positive(),
  kernelSize: pairSchema,
  strides: pairSchema.default([1, 1]),
  padding: paddingSchema,
  activation: activationSchema,
  useBias: z.boolean().default(true),
  kernelInitializer: initializerSchema("glorot_uniform"),
  biasInitializer: initializerSchema("zeros"),
  dataFormat: dataFormatSchema,
  dilationRate: dilationSchema,
  groups: z.number().int().positive().default(1),
});

const windowOf = ({ kernelSize, strides, padding, dilationRate }: z.output<typeof config>) => ({
  size: kernelSize,
  strides,
  padding,
  dilationRate,
});

/**
 * Two-dimensional convolution. [height, width, in] to [outputHeight, outputWidth, filters]. Of several groups each takes its share of
 * the channels to its share of the filters.
 */
export const conv2d = defineLayer({
  className: "Conv2D",
  config,
  weights: ({ filters, kernelSize, useBias, kernelInitializer, biasInitializer, groups }, [, , channels]) => [
    { name: "kernel", shape: [...kernelSize, channels / groups, filters], initializer: kernelInitializer },
    ...(useBias ? [{ name: "bias", shape: [filters], initializer: biasInitializer }] : []),
  ],
  outputShape: (input, layer) => {
    const { outputHeight, outputWidth } = windowGeometry(input, windowOf(layer));
    const { filters, groups } = layer;
    if (input[2] % groups !== 0 || filters % groups !== 0)
      throw new RangeError(
        `Expected channels and filters that ${groups} groups can share, found ${input[2]} and ${filters}`,
      );
    return [outputHeight, outputWidth, layer.filters];
  },
  record: (recorder, x, { config: layer, weights: { kernel, bias } }) => {
    const geometry = windowGeometry(x.shape.slice(1), windowOf(layer));
    const dilated = dilate(recorder, kernel, layer.dilationRate);
    const [images, kernels] = [x, dilated].map((whole) => shares(recorder, whole, layer.groups));
    const parts = images.map(
      (image, i) => recorder.apply(conv2dOperation, { x: image, kernel: kernels[i] }, geometry).y,
    );
    const y = concatenateAll(recorder, parts);
    const biased = bias ? recorder.apply(addBias, { x: y, bias }, {}).y : y;
    return activations[layer.activation](recorder, biased);
  },
});

/** The channels of x, or the filters of a kernel, in so many equal parts. */
function shares(recorder: Recorder, x: Tensor, groups: number): Tensor[] {
  if (groups === 1) return [x];
  const count = x.shape[3] / groups;
  return Array.from(
    { length: groups },
    (_, group) => recorder.apply(sliceChannels, { x }, { first: group * count, count }).y,
  );
}
