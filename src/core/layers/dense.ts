import { z } from "zod";
import { elementCount } from "../../util/shapes.ts";
import { activationSchema, activations } from "../activations.ts";
import { initializerSchema } from "../initializers.ts";
import { addBias, matmul } from "../operations/dense.ts";
import { defineLayer } from "./define.ts";

/** y = activation(x · kernel + bias) over the last axis. [..., in] to [..., units]. */
export const dense = defineLayer({
  className: "Dense",
  config: z.object({
    units: z.number().int().positive(),
    activation: activationSchema,
    useBias: z.boolean().default(true),
    kernelInitializer: initializerSchema("glorot_uniform"),
    biasInitializer: initializerSchema("zeros"),
  }),
  weights: ({ units, useBias, kernelInitializer, biasInitializer }, input) => [
    { name: "kernel", shape: [input[input.length - 1], units], initializer: kernelInitializer },
    ...(useBias ? [{ name: "bias", shape: [units], initializer: biasInitializer }] : []),
  ],
  outputShape: (input, { units }) => [...input.slice(0, -1), units],
  record: (recorder, x, { config, weights: { kernel, bias } }) => {
    const leading = x.shape.slice(0, -1);
    const rows = recorder.view(x, [elementCount(leading), x.shape[x.shape.length - 1]]);
    const { y } = recorder.apply(matmul, { x: rows, kernel }, {});
    const biased = bias ? recorder.apply(addBias, { x: y, bias }, {}).y : y;
    const activated = activations[config.activation](recorder, biased);
    return leading.length === 1 ? activated : recorder.view(activated, [...leading, config.units]);
  },
});
