import { z } from "zod";
import { activationSchema, activations } from "../activations.ts";
import { initializerSchema } from "../initializers.ts";
import { conv2d as conv2dOperation } from "../operations/convolution.ts";
import { addBias } from "../operations/dense.ts";
import { depthwiseConv2d as depthwiseOperation } from "../operations/depthwise.ts";
import { defineLayer } from "./define.ts";
import { dilate } from "./spread.ts";
import { dataFormatSchema, dilationSchema, paddingSchema, pairSchema, windowGeometry } from "./window.ts";

const config = z.object({
  filters: z.number().int().positive(),
  kernelSize: pairSchema,
  strides: pairSchema.default([1, 1]),
  padding: paddingSchema,
  depthMultiplier: z.number().int().positive().default(1),
  activation: activationSchema,
  useBias: z.boolean().default(true),
  depthwiseInitializer: initializerSchema("glorot_uniform"),
  pointwiseInitializer: initializerSchema("glorot_uniform"),
  biasInitializer: initializerSchema("zeros"),
  dataFormat: dataFormatSchema,
  dilationRate: dilationSchema,
});

const windowOf = ({ kernelSize, strides, padding, dilationRate }: z.output<typeof config>) => ({
  size: kernelSize,
  strides,
  padding,
  dilationRate,
});

/**
 * Convolves each channel by kernels of its own, then mixes the channels at each place. [height, width, in] to
 * [outputHeight, outputWidth, filters]. Chollet 2017, "Xception".
 */
export const separableConv2D = defineLayer({
  className: "SeparableConv2D",
  config,
  weights: ({ filters, kernelSize, depthMultiplier, useBias, ...layer }, [, , channels]) => [
    {
      name: "depthwise_kernel",
      shape: [...kernelSize, channels, depthMultiplier],
      initializer: layer.depthwiseInitializer,
    },
    {
      name: "pointwise_kernel",
      shape: [1, 1, channels * depthMultiplier, filters],
      initializer: layer.pointwiseInitializer,
    },
    ...(useBias ? [{ name: "bias", shape: [filters], initializer: layer.biasInitializer }] : []),
  ],
  outputShape: (input, layer) => {
    const { outputHeight, outputWidth } = windowGeometry(input, windowOf(layer));
    return [outputHeight, outputWidth, layer.filters];
  },
  record: (recorder, x, { config: layer, weights }) => {
    const { depthwise_kernel: depthwise, pointwise_kernel: pointwise, bias } = weights;
    const geometry = windowGeometry(x.shape.slice(1), windowOf(layer));
    const { y: channels } = recorder.apply(
      depthwiseOperation,
      { x, kernel: dilate(recorder, depthwise, layer.dilationRate) },
      geometry,
    );
    const everyPlace = windowGeometry(channels.shape.slice(1), {
      size: [1, 1],
      strides: [1, 1],
      padding: "valid",
    });
    const { y } = recorder.apply(conv2dOperation, { x: channels, kernel: pointwise }, everyPlace);
    const biased = bias ? recorder.apply(addBias, { x: y, bias }, {}).y : y;
    return activations[layer.activation](recorder, biased);
  },
});
