import type { ModelDescription } from "../description.ts";

/**
 * The network of the report that Fovea began with: three blocks of a 3x3 convolution and a 2x2 max pool with 16, 32 and 16
 * filters, then 256 units. 3,696,625 parameters for 256x256x3 and two classes.
 * @param outputs 1 ends in a sigmoid (two classes), more end in a softmax
 */
export function reportNetwork(
  inputShape: readonly [number, number, number],
  outputs: number,
): ModelDescription {
  const convolution = (filters: number) => ({ filters, kernelSize: [3, 3], activation: "relu" });
  return {
    name: "sequential",
    inputShape,
    layers: [
      { className: "Conv2D", name: "conv2d", config: convolution(16) },
      { className: "MaxPooling2D", name: "max_pooling2d", config: {} },
      { className: "Conv2D", name: "conv2d_1", config: convolution(32) },
      { className: "MaxPooling2D", name: "max_pooling2d_1", config: {} },
      { className: "Conv2D", name: "conv2d_2", config: convolution(16) },
      { className: "MaxPooling2D", name: "max_pooling2d_2", config: {} },
      { className: "Flatten", name: "flatten", config: {} },
      { className: "Dense", name: "dense", config: { units: 256, activation: "relu" } },
      {
        className: "Dense",
        name: "dense_1",
        config: { units: outputs, activation: outputs === 1 ? "sigmoid" : "softmax" },
      },
    ],
  };
}
