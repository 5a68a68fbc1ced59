import { z } from "zod";
import { activationSchema, activations } from "../activations.ts";
import {
  boundedRelu,
  elu,
  leakyRelu,
  relu,
  relu6,
  softmax as softmaxOperation,
} from "../operations/activations.ts";
import { defineLayer } from "./define.ts";

/** Any activation, by its name. */
export const activation = defineLayer({
  className: "Activation",
  config: z.object({ activation: activationSchema }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config }) => activations[config.activation](recorder, x),
});

/** The largest float32: no limit. */
const unlimited = 3.4028234663852886e38;

/** min(x, maxValue) where x > threshold, otherwise negativeSlope * (x - threshold). */
export const reLU = defineLayer({
  className: "ReLU",
  config: z.object({
    maxValue: z.number().min(0).nullish(),
    negativeSlope: z.number().min(0).default(0),
    threshold: z.number().min(0).default(0),
  }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config: { maxValue, negativeSlope: slope, threshold } }) => {
    const maximum = maxValue ?? unlimited;
    const usual = slope === 0 && threshold === 0;
    if (usual && maximum === 6) return recorder.apply(relu6, { x }, {}).y;
    if (usual && maximum === unlimited) return recorder.apply(relu, { x }, {}).y;
    return recorder.apply(boundedRelu, { x }, { slope, threshold, maximum }).y;
  },
});

/** x where x > 0, otherwise alpha * (exp(x) - 1). Clevert et al. 2016. */
export const eLU = defineLayer({
  className: "ELU",
  config: z.object({ alpha: z.number().default(1) }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config }) => recorder.apply(elu, { x }, config).y,
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
