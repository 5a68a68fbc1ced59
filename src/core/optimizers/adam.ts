import { z } from "zod";
import { adamUpdate } from "../operations/updates.ts";
import { defineOptimizer } from "./define.ts";

/** Adam (Kingma and Ba 2015) with Keras's defaults; epsilon is Keras's, outside of the bias correction. */
export const adam = defineOptimizer({
  className: "Adam",
  config: z.object({
    learningRate: z.number().positive().default(0.001),
    beta1: z.number().min(0).lt(1).default(0.9),
    beta2: z.number().min(0).lt(1).default(0.999),
    epsilon: z.number().min(0).default(1e-7),
    amsgrad: z.literal(false).optional(),
  }),
  slots: () => ["momentum", "velocity"],
  // float32 at every step, as Keras does it: 1 - beta2^t loses digits at first, and so must we
  settings: ({ beta1, beta2 }, learningRate, step) => {
    const f = Math.fround;
    const power1 = f(f(beta1) ** step);
    const power2 = f(f(beta2) ** step);
    return [f(f(f(learningRate) * f(Math.sqrt(f(1 - power2)))) / f(1 - power1))];
  },
  record: (recorder, { config: { beta1, beta2, epsilon }, weights, gradients, slots, settings }) => {
    const [momentum, velocity] = slots;
    recorder.apply(
      adamUpdate,
      { weights, gradients, momentum, velocity, settings },
      { beta1, beta2, epsilon },
      { newWeights: weights, newMomentum: momentum, newVelocity: velocity },
    );
  },
});
