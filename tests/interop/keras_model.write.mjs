// Writes models as .h5 and as .keras into the folder that is given, and what is in them as JSON, for keras_model.check.py.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeKerasArchive } from "../../dist/formats/keras/archive.js";
import { writeKerasH5 } from "../../dist/formats/keras/h5.js";

const folder = process.argv[2];

const layer = (className, name, config = {}) => ({ className, name, config });

/** Small numbers of either sign that differ from place to place; `seed` makes arrays differ from each other. */
const numbers = (count, seed) =>
  Float32Array.from({ length: count }, (_, i) => 0.2 * Math.sin(seed + 1.7 * i));

function weight(layerName, name, shape, seed) {
  const count = shape.reduce((product, side) => product * side, 1);
  return { layer: layerName, name, shape, values: numbers(count, seed) };
}

/** The layers of a sequence; graph_model.write.mjs has the others. */
const everyLayer = {
  description: {
    name: "every_layer",
    inputShape: [16, 16, 3],
    layers: [
      layer("Rescaling", "rescaling", { scale: 1 / 255, offset: -0.5 }),
      layer("Conv2D", "conv2d", { filters: 4, kernelSize: [3, 3], padding: "same", activation: "relu" }),
      layer("MaxPooling2D", "max_pooling2d", { poolSize: [2, 2], strides: [2, 2], padding: "valid" }),
      layer("Conv2D", "conv2d_1", {
        filters: 5,
        kernelSize: [3, 2],
        strides: [2, 1],
        kernelInitializer: "he_normal",
      }),
      layer("LeakyReLU", "leaky_re_lu", { negativeSlope: 0.1 }),
      layer("Conv2D", "conv2d_2", { filters: 6, kernelSize: [1, 1], useBias: false }),
      layer("ReLU", "re_lu", { maxValue: 6 }),
      layer("AveragePooling2D", "average_pooling2d", { poolSize: [2, 2], padding: "same" }),
      layer("Activation", "activation", { activation: "tanh" }),
      layer("GlobalAveragePooling2D", "global_average_pooling2d"),
      layer("Flatten", "flatten"),
      layer("Dropout", "dropout", { rate: 0.5 }),
      layer("Dense", "dense", {
        units: 3,
        kernelInitializer: { className: "RandomNormal", config: { stddev: 0.1 } },
      }),
      layer("Softmax", "softmax"),
    ],
  },
  weights: [
    weight("conv2d", "kernel", [3, 3, 3, 4], 1),
    weight("conv2d", "bias", [4], 2),
    weight("conv2d_1", "kernel", [3, 2, 4, 5], 3),
    weight("conv2d_1", "bias", [5], 4),
    weight("conv2d_2", "kernel", [1, 1, 5, 6], 5),
    weight("dense", "kernel", [6, 3], 6),
    weight("dense", "bias", [3], 7),
  ],
};

const texts = {
  preprocessing: { height: 16, width: 16, channels: 3, resize: "stretch" },
  classes: ["happy", "tr\u00e8s sad", "\u{1f622}"],
  extra: { position: "x".repeat(100_000) },
};

function trained(optimizer, slots) {
  const state = everyLayer.weights.flatMap((of, i) =>
    slots.map((slot, j) => ({ slot, weight: weight(of.layer, of.name, of.shape, 100 + 10 * i + j) })),
  );
  const compile = { loss: "categorical_crossentropy", optimizer, metrics: ["accuracy"] };
  return { ...everyLayer, ...texts, compile, optimizer: { ...optimizer, iterations: 1234, slots: state } };
}

const adam = { className: "Adam", config: { learningRate: 0.002, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 } };
const sgd = { className: "SGD", config: { learningRate: 0.05, momentum: 0.9, nesterov: true } };
const models = {
  plain: everyLayer,
  compiled: {
    ...everyLayer,
    compile: { loss: "categorical_crossentropy", optimizer: adam, metrics: ["accuracy"] },
  },
  adam: trained(adam, ["momentum", "velocity"]),
  sgd: trained(sgd, ["momentum"]),
};

for (const [name, model] of Object.entries(models)) {
  writeFileSync(join(folder, `${name}.h5`), Buffer.concat(writeKerasH5(model)));
  writeFileSync(join(folder, `${name}.keras`), await writeKerasArchive(model));
  const asArrays = (_key, value) => (value instanceof Float32Array ? [...value] : value);
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(model, asArrays));
}
