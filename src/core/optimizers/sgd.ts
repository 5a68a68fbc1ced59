import { z } from "zod";
import { momentumUpdate, sgdUpdate } from "../operations/updates.ts";
import { defineOptimizer } from "./define.ts";

/** Stochastic gradient descent, with momentum and Nesterov's form of it, as in Keras. */
export const sgd = defineOptimizer({
  className: "SGD",
  config: z.object({
    learningRate: z.number().positive().default(0.01),
    momentum: z.number().min(0).max(1).default(0),
    nesterov: z.boolean().default(false),
  }),
  slots: ({ momentum }) => (momentum > 0 ? ["momentum"] : []),
  settings: (_config, learningRate) => [learningRate],
  record: (recorder, { config: { momentum, nesterov }, weights, gradients, slots, settings }) => {
    if (slots.length === 0) {
      recorder.apply(sgdUpdate, { weights, gradients, settings }, {}, { newWeights: weights });
      return;
    }
    recorder.apply(
      momentumUpdate,
      { weights, gradients, velocity: slots[0], settings },
      { momentum, nesterov: nesterov ? 1 : 0 },
      { newWeights: weights, newVelocity: slots[0] },
    );
  },
});
