import type { ReferenceKernel } from "./kernel.ts";

export const sgdUpdate: ReferenceKernel = ([weights, gradients, settings], [newWeights]) => {
  const [learningRate] = settings.data;
  for (let i = 0; i < weights.data.length; i++) {
    newWeights.data[i] = weights.data[i] - learningRate * gradients.data[i];
  }
};

export const momentumUpdate: ReferenceKernel = (
  inputs,
  [newWeights, newVelocity],
  { momentum, nesterov },
) => {
  const [weights, gradients, velocity, settings] = inputs;
  const [learningRate] = settings.data;
  for (let i = 0; i < weights.data.length; i++) {
    const step = learningRate * gradients.data[i];
    const v = Math.fround(momentum * velocity.data[i] - step);
    newVelocity.data[i] = v;
    newWeights.data[i] = weights.data[i] + (nesterov ? momentum * v - step : v);
  }
};

export const adamUpdate: ReferenceKernel = (inputs, outputs, { beta1, beta2, epsilon }) => {
  const [weights, gradients, momentum, velocity, settings] = inputs;
  const [newWeights, newMomentum, newVelocity] = outputs;
  const [alpha] = settings.data;
  for (let i = 0; i < weights.data.length; i++) {
    const g = gradients.data[i];
    const m = Math.fround(momentum.data[i] + (g - momentum.data[i]) * (1 - beta1));
    const v = Math.fround(velocity.data[i] + (g * g - velocity.data[i]) * (1 - beta2));
    newMomentum.data[i] = m;
    newVelocity.data[i] = v;
    newWeights.data[i] = weights.data[i] - (m * alpha) / (Math.sqrt(v) + epsilon);
  }
};
