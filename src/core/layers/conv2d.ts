import { z } from "zod";
import { activationSchema, activations } from "../activations.ts";
import { initializerSchema } from "../initializers.ts";
import { conv2d as conv2dOperation } from "../operations/convolution.ts";
import { addBias } from "../operations/dense.ts";
import { defineLayer } from "./define.ts";
import { dataFormatSchema, paddingSchema, pairSchema, windowGeometry } from "./window.ts";

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
  dilationRate: z.union([z.literal(1), z.tuple([z.literal(1), z.literal(1)])]).optional(),
  groups: z.literal(1).optional(),
});

const windowOf = ({ kernelSize, strides, padding }: z.output<typeof config>) => ({
  size: kernelSize,
  strides,
  padding,
});

/** Two-dimensional convolution. [height, width, in] to [outputHeight, outputWidth, filters]. */
export const conv2d = defineLayer({
  className: "Conv2D",
  config,
  weights: ({ filters, kernelSize, useBias, kernelInitializer, biasInitializer }, [, , channels]) => [
    { name: "kernel", shape: [...kernelSize, channels, filters], initializer: kernelInitializer },
    ...(useBias ? [{ name: "bias", shape: [filters], initializer: biasInitializer }] : []),
  ],
  outputShape: (input, layer) => {
    const { outputHeight, outputWidth } = windowGeometry(input, windowOf(layer));
    return [outputHeight, outputWidth, layer.filters];
  },
  record: (recorder, x, { config: layer, weights: { kernel, bias } }) => {
    const geometry = windowGeometry(x.shape.slice(1), windowOf(layer));
    const { y } = recorder.apply(conv2dOperation, { x, kernel }, geometry);
    const biased = bias ? recorder.apply(addBias, { x: y, bias }, {}).y : y;
    return activations[layer.activation](recorder, biased);
  },
});
