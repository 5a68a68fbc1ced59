import { z } from "zod";
import { scaleShift } from "../operations/batch-norm.ts";
import { recordInference } from "./batch-normalization.ts";
import { checkChannels, constant, constants, MOST_CONSTANTS } from "./constant.ts";
import { defineLayer } from "./define.ts";

/** Keras takes deviations below this for it; added to the variance its square does the same. */
const LEAST_DEVIATION = 1e-7;

/** One number, or one for each channel, however deep they lie. */
const numbers = z
  .union([z.number(), z.array(z.unknown())])
  .transform((given) => (typeof given === "number" ? given : given.flat(Number.POSITIVE_INFINITY)))
  .pipe(z.union([z.number(), z.array(z.number()).min(1).max(MOST_CONSTANTS)]));

/**
 * (x - mean) / deviation for each channel. Mean and variance are settings, or weights that Keras's `adapt` has worked out from
 * data; they never change in training.
 */
export const normalization = defineLayer({
  className: "Normalization",
  config: z.object({
    axis: z.union([z.number().int(), z.tuple([z.number().int()])]).default(-1),
    mean: numbers.nullish(),
    variance: numbers.nullish(),
    invert: z.literal(false).default(false),
  }),
  weights: ({ mean }, input) => {
    const shape = input.slice(-1);
    return mean === null || mean === undefined
      ? [
          { name: "mean", shape, initializer: "zeros", trainable: false },
          { name: "variance", shape, initializer: "ones", trainable: false },
          { name: "count", shape: [], initializer: "zeros", trainable: false },
        ]
      : [];
  },
  outputShape: (input, { axis, mean, variance }) => {
    const [channels] = [axis].flat();
    if (channels !== -1 && channels !== input.length)
      throw new RangeError(`Expected the channels in the last axis, found axis ${channels}`);
    if (((mean ?? null) === null) !== ((variance ?? null) === null))
      throw new RangeError("Expected a mean and a variance, found one of them");
    checkChannels(mean ?? 0, input);
    checkChannels(variance ?? 1, input);
    return [...input];
  },
  record: (recorder, x, { config: { mean, variance }, weights }) => {
    const channels = x.shape[x.shape.length - 1];
    if (typeof mean !== "number" && !mean) {
      const statistics = {
        gamma: constant(recorder, 1, channels),
        beta: constant(recorder, 0, channels),
        mean: weights.mean,
        variance: weights.variance,
      };
      return recordInference(recorder, x, statistics, LEAST_DEVIATION ** 2);
    }
    const deviations = each(variance ?? 1, channels).map((v) => Math.max(Math.sqrt(v), LEAST_DEVIATION));
    const means = each(mean, channels);
    const scale = constants(
      recorder,
      deviations.map((deviation) => 1 / deviation),
      channels,
    );
    const shift = constants(
      recorder,
      deviations.map((deviation, i) => -means[i] / deviation),
      channels,
    );
    return recorder.apply(scaleShift, { x, scale, shift }, { activation: 0 }).y;
  },
});

function each(values: number | readonly number[], channels: number): readonly number[] {
  return typeof values === "number" ? new Array<number>(channels).fill(values) : values;
}
