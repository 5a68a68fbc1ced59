import * as tf from "@tensorflow/tfjs-layers";

const blocks = [
  [64],
  [128, 2],
  [128],
  [256, 2],
  [256],
  [512, 2],
  [512],
  [512],
  [512],
  [512],
  [512],
  [1024, 2],
  [1024],
];

/** MobileNet v1 in the words of TensorFlow.js, with the names of its weights that its published models have; nothing here is Fovea's. */
export function mobileNetInTensorflowJs(alpha, inputShape, classes) {
  const { conv2d, depthwiseConv2d, batchNormalization, reLU, zeroPadding2d } = tf.layers;
  const model = tf.sequential();
  const normalize = (name) => {
    model.add(batchNormalization({ name: `${name}_bn` }));
    model.add(reLU({ maxValue: 6 }));
  };
  const convolve = (name, filters, kernelSize, strides, more = {}) => {
    model.add(
      conv2d({
        name,
        filters: filters * alpha,
        kernelSize,
        strides,
        padding: "same",
        useBias: false,
        ...more,
      }),
    );
    normalize(name);
  };
  convolve("conv1", 32, 3, 2, { inputShape });
  blocks.forEach(([filters, strides = 1], i) => {
    if (strides === 2)
      model.add(
        zeroPadding2d({
          padding: [
            [0, 1],
            [0, 1],
          ],
        }),
      );
    const padding = strides === 2 ? "valid" : "same";
    model.add(depthwiseConv2d({ name: `conv_dw_${i + 1}`, kernelSize: 3, strides, padding, useBias: false }));
    normalize(`conv_dw_${i + 1}`);
    convolve(`conv_pw_${i + 1}`, filters, 1, 1);
  });
  model.add(tf.layers.globalAveragePooling2d({}));
  model.add(tf.layers.reshape({ targetShape: [1, 1, 1024 * alpha] }));
  model.add(conv2d({ name: "conv_preds", filters: classes, kernelSize: 1 }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.softmax({ axis: -1 }));
  return model;
}
