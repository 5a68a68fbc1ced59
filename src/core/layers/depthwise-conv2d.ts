import { z } from "zod";
import { activationSchema, activations } from "../activations.ts";
import { initializerSchema } from "../initializers.ts";
import { addBias } from "../operations/dense.ts";
import { depthwiseConv2d as depthwiseOperation } from "../operations/depthwise.ts";
import { defineLayer } from "./define.ts";
import { dilate } from "./spread.ts";
import { dataFormatSchema, dilationSchema, paddingSchema, pairSchema, windowGeometry } from "./window.ts";

const config = z.object({
  kernelSize: pairSchema,
  strides: pairSchema.default([1, 1]),
  padding: paddingSchema,
  depthMultiplier: z.number().int().positive().default(1),
  activation: activationSchema,
  useBias: z.boolean().default(true),
  depthwiseInitializer: initializerSchema("glorot_uniform"),
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

/** Convolves each channel by kernels of its own. [height, width, in] to [outputHeight, outputWidth, in * depthMultiplier]. */
export const depthwiseConv2D = defineLayer({
  className: "DepthwiseConv2D",
  config,
  weights: ({ kernelSize, depthMultiplier, useBias, ...layer }, [, , channels]) => [
    {
      name: "kernel",
      shape: [...kernelSize, channels, depthMultiplier],
      initializer: layer.depthwiseInitializer,
    },
    ...(useBias
      ? [{ name: "bias", shape: [channels * depthMultiplier], initializer: layer.biasInitializer }]
      : []),
  ],
  outputShape: (input, layer) => {
    const { outputHeight, outputWidth } = windowGeometry(input, windowOf(layer));
    return [outputHeight, outputWidth, input[2] * layer.depthMultiplier];
  },
  record: (recorder, x, { config: layer, weights: { kernel, bias } }) => {
    const geometry = windowGeometry(x.shape.slice(1), windowOf(layer));
    const { y } = recorder.apply(
      depthwiseOperation,
      { x, kernel: dilate(recorder, kernel, layer.dilationRate) },
      geometry,
    );
    const biased = bias ? recorder.apply(addBias, { x: y, bias }, {}).y : y;
    return activations[layer.activation](recorder, biased);
  },
});
