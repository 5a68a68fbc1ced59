import { z } from "zod";
import { initializerSchema } from "../initializers.ts";
import { batchNorm, foldBatchNorm, movingAverage, scaleShift } from "../operations/batch-norm.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { constant } from "./constant.ts";
import { defineLayer } from "./define.ts";

const config = z.object({
  /** The channels' axis, counted with the batch in front. */
  axis: z.number().int().default(-1),
  momentum: z.number().min(0).max(1).default(0.99),
  epsilon: z.number().positive().default(0.001),
  center: z.boolean().default(true),
  scale: z.boolean().default(true),
  betaInitializer: initializerSchema("zeros"),
  gammaInitializer: initializerSchema("ones"),
  movingMeanInitializer: initializerSchema("zeros"),
  movingVarianceInitializer: initializerSchema("ones"),
  /** Off, the layer takes the moving statistics while training too, as in Keras. */
  trainable: z.boolean().default(true),
  renorm: z.literal(false).optional(),
  synchronized: z.literal(false).optional(),
});

/**
 * Normalises each channel by the batch's mean and variance while training, whose moving averages it keeps, and by those
 * averages afterwards. Ioffe and Szegedy 2015. Channels come last.
 */
export const batchNormalization = defineLayer({
  className: "BatchNormalization",
  config,
  weights: (layer, input) => {
    const shape = input.slice(-1);
    return [
      ...(layer.scale ? [{ name: "gamma", shape, initializer: layer.gammaInitializer }] : []),
      ...(layer.center ? [{ name: "beta", shape, initializer: layer.betaInitializer }] : []),
      { name: "moving_mean", shape, initializer: layer.movingMeanInitializer, trainable: false },
      { name: "moving_variance", shape, initializer: layer.movingVarianceInitializer, trainable: false },
    ];
  },
  outputShape: (input, { axis }) => {
    if (axis !== -1 && axis !== input.length)
      throw new RangeError(`Expected the channels in the last axis, found axis ${axis}`);
    return [...input];
  },
  record: (recorder, x, { config: layer, weights, training }) => {
    const { moving_mean: mean, moving_variance: variance } = weights;
    const { epsilon, momentum } = layer;
    const channels = mean.shape[0];
    const gamma = weights.gamma ?? constant(recorder, 1, channels);
    const beta = weights.beta ?? constant(recorder, 0, channels);
    if (!training || !layer.trainable) {
      return recordInference(recorder, x, { gamma, beta, mean, variance }, epsilon);
    }
    const normalized = recorder.apply(batchNorm, { x, gamma, beta }, { epsilon, activation: 0 });
    const average = (moving: Tensor, value: Tensor) =>
      recorder.apply(movingAverage, { moving, value }, { momentum }, { updated: moving });
    average(mean, normalized.mean);
    average(variance, normalized.variance);
    return normalized.y;
  },
});

/** With fixed statistics it is a scale and a shift, which is a folded kernel of ones and bias of zeros. */
export function recordInference(
  recorder: Recorder,
  x: Tensor,
  statistics: Readonly<Record<"gamma" | "beta" | "mean" | "variance", Tensor>>,
  epsilon: number,
): Tensor {
  const channels = statistics.mean.shape[0];
  const kernel = constant(recorder, 1, channels);
  const bias = constant(recorder, 0, channels);
  const { folded, foldedBias } = recorder.apply(foldBatchNorm, { kernel, bias, ...statistics }, { epsilon });
  return recorder.apply(scaleShift, { x, scale: folded, shift: foldedBias }, { activation: 0 }).y;
}
