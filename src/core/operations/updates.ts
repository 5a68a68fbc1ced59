import { defineOperation } from "./define.ts";

/**
 * Optimizer updates. They run over all trainable weights at once, laid end to end: every tensor is [weights]. Outputs
 * are written over the inputs of the same name. `settings` is float32 and changes from step to step.
 *
 * weights -= learningRate * gradients; settings [learningRate].
 */
export const sgdUpdate = defineOperation({
  name: "sgdUpdate",
  inputs: ["weights", "gradients", "settings"],
  outputs: ["newWeights"],
  attributes: [],
  infer: ({ weights }) => ({ newWeights: { shape: weights.shape } }),
});

/**
 * velocity = momentum * velocity - learningRate * gradients; weights += velocity, or with Nesterov (1)
 * weights += momentum * velocity - learningRate * gradients. settings [learningRate]. As in Keras.
 */
export const momentumUpdate = defineOperation({
  name: "momentumUpdate",
  inputs: ["weights", "gradients", "velocity", "settings"],
  outputs: ["newWeights", "newVelocity"],
  attributes: ["momentum", "nesterov"],
  infer: ({ weights }) => ({ newWeights: { shape: weights.shape }, newVelocity: { shape: weights.shape } }),
});

/**
 * momentum += (g - momentum) * (1 - beta1); velocity += (g² - velocity) * (1 - beta2);
 * weights -= momentum * alpha / (sqrt(velocity) + epsilon). settings [alpha], alpha being
 * learningRate * sqrt(1 - beta2^t) / (1 - beta1^t). Kingma and Ba 2015, as in Keras.
 */
export const adamUpdate = defineOperation({
  name: "adamUpdate",
  inputs: ["weights", "gradients", "momentum", "velocity", "settings"],
  outputs: ["newWeights", "newMomentum", "newVelocity"],
  attributes: ["beta1", "beta2", "epsilon"],
  infer: ({ weights: { shape } }) => ({
    newWeights: { shape },
    newMomentum: { shape },
    newVelocity: { shape },
  }),
});
