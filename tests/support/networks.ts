import type { LayerDescription, ModelDescription } from "../../src/core/description.ts";

type LayerSketch = readonly [className: string, config?: Readonly<Record<string, unknown>>];

/** A sequence of layers in short: class names and configurations; names are made up as Keras does. */
export function sequence(
  inputShape: readonly [number, number, number],
  ...layers: readonly LayerSketch[]
): ModelDescription {
  const described = layers.map(
    ([className, config = {}], index): LayerDescription => ({
      className,
      name: `${className.toLowerCase()}_${index}`,
      config,
    }),
  );
  return { name: "sequential", inputShape, layers: described };
}

const layer = (
  className: string,
  name: string,
  config: Readonly<Record<string, unknown>> = {},
  inputs?: readonly string[],
): LayerDescription => ({ className, name, config, ...(inputs && { inputs }) });

/** A stem and two blocks of ResNet: the second halves the image and has a convolution in its shortcut. */
export function residualNetwork(
  inputShape: readonly [number, number, number],
  outputs: number,
): ModelDescription {
  const normalized = (name: string, filters: number, config = {}) => [
    layer("Conv2D", name, { filters, kernelSize: 3, padding: "same", ...config }),
    layer("BatchNormalization", `${name}_norm`),
  ];
  const block = (name: string, filters: number, strides: number, shortcut: string) => [
    layer("Conv2D", `${name}_1`, { filters, kernelSize: 3, padding: "same", strides, useBias: false }, [
      shortcut,
    ]),
    layer("BatchNormalization", `${name}_1_norm`, { momentum: 0.7 }),
    layer("ReLU", `${name}_1_relu`),
    ...normalized(`${name}_2`, filters),
  ];
  const layers = [
    ...normalized("stem", 8),
    layer("ReLU", "stem_relu"),
    layer("MaxPooling2D", "stem_pool"),
    ...block("a", 8, 1, "stem_pool"),
    layer("Add", "a", {}, ["a_2_norm", "stem_pool"]),
    layer("ReLU", "a_relu"),
    ...block("b", 12, 2, "a_relu"),
    layer("Conv2D", "b_shortcut", { filters: 12, kernelSize: 1, strides: 2 }, ["a_relu"]),
    layer("BatchNormalization", "b_shortcut_norm"),
    layer("Add", "b", {}, ["b_2_norm", "b_shortcut_norm"]),
    layer("ReLU", "b_relu"),
    layer("GlobalAveragePooling2D", "pool"),
    layer("Dense", "dense", { units: outputs, activation: "softmax" }),
  ];
  return { name: "residual", inputShape, layers };
}

/** A stem and two blocks of MobileNet, padded beforehand, as Keras does it and otherwise. */
export function depthwiseNetwork(
  inputShape: readonly [number, number, number],
  outputs: number,
): ModelDescription {
  const normalized = (name: string) => [
    layer("BatchNormalization", `${name}_norm`),
    layer("ReLU", `${name}_relu`, { maxValue: 6 }),
  ];
  const padded = (name: string, padding: readonly (readonly [number, number])[]) =>
    layer("ZeroPadding2D", name, { padding });
  const depthwise = (name: string, config: Readonly<Record<string, unknown>>) => [
    layer("DepthwiseConv2D", name, { kernelSize: 3, useBias: false, ...config }),
    ...normalized(name),
  ];
  const pointwise = (name: string, filters: number) => [
    layer("Conv2D", name, { filters, kernelSize: 1, useBias: false }),
    ...normalized(name),
  ];
  const layers = [
    padded("stem_pad", [
      [0, 1],
      [0, 1],
    ]),
    layer("Conv2D", "stem", { filters: 8, kernelSize: 3, strides: 2, useBias: false }),
    ...normalized("stem"),
    ...depthwise("depthwise_1", { padding: "same" }),
    ...pointwise("pointwise_1", 17),
    padded("pad_2", [
      [1, 0],
      [2, 1],
    ]),
    ...depthwise("depthwise_2", { strides: 2 }),
    ...pointwise("pointwise_2", 20),
    layer("DepthwiseConv2D", "depthwise_3", { kernelSize: 2, depthMultiplier: 2, activation: "relu" }),
    layer("GlobalAveragePooling2D", "pool"),
    layer("Dense", "dense", { units: outputs, activation: "softmax" }),
  ];
  return { name: "depthwise", inputShape, layers };
}
