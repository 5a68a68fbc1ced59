import type { LayerDescription, ModelDescription } from "../description.ts";

/** Channels behind each of the 13 blocks of the whole network, and where a block halves the image. */
const blocks: readonly (readonly [filters: number, strides: 1 | 2])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/**
 * MobileNet, Howard et al. 2017: depthwise convolutions, each with a 1x1 convolution behind it. Layer by layer with the names of
 * `keras.applications.MobileNet`, so that weights from there and from TensorFlow.js find their places.
 * @param alpha the share of each layer's channels, 1 in the paper's network
 */
export function mobileNetV1(alpha: number) {
  return (inputShape: readonly [number, number, number], outputs: number): ModelDescription => {
    const filtersOf = (filters: number) => Math.floor(filters * alpha);
    const channels = filtersOf(1024);
    return {
      name: `mobilenet_${alpha.toFixed(2)}`,
      inputShape,
      layers: [
        ...convolution("conv1", { filters: filtersOf(32), kernelSize: [3, 3], strides: [2, 2] }),
        ...blocks.flatMap(([filters, strides], i) => block(i + 1, filtersOf(filters), strides)),
        layer("GlobalAveragePooling2D", "global_average_pooling2d"),
        layer("Reshape", "reshape_1", { targetShape: [1, 1, channels] }),
        layer("Dropout", "dropout", { rate: 0.001 }),
        layer("Conv2D", "conv_preds", { filters: outputs, kernelSize: [1, 1], padding: "same" }),
        layer("Reshape", "reshape_2", { targetShape: [outputs] }),
        layer("Activation", "predictions", { activation: outputs === 1 ? "sigmoid" : "softmax" }),
      ],
    };
  };
}

function block(id: number, filters: number, strides: 1 | 2): LayerDescription[] {
  const depthwise = { kernelSize: [3, 3], strides: [strides, strides], useBias: false };
  const padding = strides === 1 ? "same" : "valid";
  const pad = layer("ZeroPadding2D", `conv_pad_${id}`, {
    padding: [
      [0, 1],
      [0, 1],
    ],
  });
  return [
    ...(strides === 1 ? [] : [pad]),
    layer("DepthwiseConv2D", `conv_dw_${id}`, { ...depthwise, padding }),
    ...normalized(`conv_dw_${id}`),
    ...convolution(`conv_pw_${id}`, { filters, kernelSize: [1, 1], strides: [1, 1] }),
  ];
}

function convolution(name: string, config: LayerDescription["config"]): LayerDescription[] {
  return [layer("Conv2D", name, { ...config, padding: "same", useBias: false }), ...normalized(name)];
}

function normalized(name: string): LayerDescription[] {
  return [layer("BatchNormalization", `${name}_bn`), layer("ReLU", `${name}_relu`, { maxValue: 6 })];
}

function layer(className: string, name: string, config: LayerDescription["config"] = {}): LayerDescription {
  return { className, name, config };
}
