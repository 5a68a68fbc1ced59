import { z } from "zod";
import { activationSchema, activations } from "../activations.ts";
import { leakyRelu, relu, relu6, softmax as softmaxOperation } from "../operations/activations.ts";
import { defineLayer } from "./define.ts";

/** Any activation, by its name. */
export const activation = defineLayer({
  className: "Activation",
  config: z.object({ activation: activationSchema }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config }) => activations[config.activation](recorder, x),
});

/** x where x > 0, otherwise negativeSlope * x; at most maxValue. Of Keras's settings those that name an operation here. */
export const reLU = defineLayer({
  className: "ReLU",
  config: z.object({
    maxValue: z.literal(6).nullish(),
    negativeSlope: z.literal(0).default(0),
    threshold: z.literal(0).default(0),
  }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config }) => recorder.apply(config.maxValue === 6 ? relu6 : relu, { x }, {}).y,
});

/** y = x where x > 0, otherwise negativeSlope * x. Maas et al. 2013. */
export const leakyReLU = defineLayer({
  className: "LeakyReLU",
  config: z.object({ negativeSlope: z.number().min(0).default(0.3) }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config }) => recorder.apply(leakyRelu, { x }, { slope: config.negativeSlope }).y,
});

/** exp(x) / sum of exp(x), over the last axis. */
export const softmax = defineLayer({
  className: "Softmax",
  config: z.object({ axis: z.union([z.literal(-1), z.tuple([z.literal(-1)])]).default(-1) }),
  outputShape: (input) => [...input],
  record: (recorder, x) => recorder.apply(softmaxOperation, { x }, {}).y,
});
