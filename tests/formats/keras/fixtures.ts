import { readFileSync } from "node:fs";
import type { LayerDescription, WeightRecord } from "../../../src/core/description.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";

/** What Keras wrote (tests/fixtures/formats/make.py), and a small model of our own. */

const folder = new URL("../../fixtures/formats/", import.meta.url);

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

interface KerasModel {
  readonly weights: readonly (readonly [name: string, values: readonly number[]])[];
  readonly optimizer: readonly (readonly [name: string, values: readonly number[]])[];
}

export function kerasModel(name: string): KerasModel {
  return JSON.parse(readFileSync(new URL("models.json", folder), "utf8")).models[name];
}

const layer = (className: string, name: string, config: LayerDescription["config"]): LayerDescription => ({
  className,
  name,
  config,
});

/** Values that a careless copy would change: both zeros, a subnormal number, the largest, infinity and NaN. */
const awkward = [
  -0,
  0,
  1.401298464324817e-45,
  3.4028234663852886e38,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  0.1,
];

function weight(layerName: string, name: string, shape: readonly number[]): WeightRecord {
  const count = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from({ length: count }, (_, i) => awkward[i % awkward.length]);
  return { layer: layerName, name, shape, values };
}

const shapes = [
  ["conv2d", "kernel", [3, 3, 3, 2]],
  ["conv2d", "bias", [2]],
  ["dense", "kernel", [32, 1]],
  ["dense", "bias", [1]],
] as const;

export function smallModel(): SavedModel {
  const optimizer = {
    className: "Adam",
    config: { learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  };
  return {
    description: {
      name: "report",
      inputShape: [8, 8, 3],
      layers: [
        layer("Rescaling", "rescaling", { scale: 1 / 255, offset: 0 }),
        layer("Conv2D", "conv2d", {
          filters: 2,
          kernelSize: [3, 3],
          padding: "same",
          activation: "relu",
          kernelInitializer: "he_normal",
        }),
        layer("LeakyReLU", "leaky_re_lu", { negativeSlope: 0.2 }),
        layer("MaxPooling2D", "max_pooling2d", { poolSize: [2, 2] }),
        layer("Flatten", "flatten", {}),
        layer("Dropout", "dropout", { rate: 0.25 }),
        layer("Dense", "dense", { units: 1, activation: "sigmoid" }),
      ],
    },
    weights: shapes.map(([layerName, name, shape]) => weight(layerName, name, shape)),
    preprocessing: { height: 8, width: 8, channels: 3, scale: 1 / 255 },
    classes: ["happy", 'tr\u00e8s "sad", \u{1f622}'],
    compile: { loss: "binary_crossentropy", optimizer, metrics: ["accuracy"] },
    optimizer: {
      ...optimizer,
      iterations: 2 ** 24 + 1, // the first count that float32 cannot hold
      slots: shapes.flatMap(([layerName, name, shape]) =>
        ["momentum", "velocity"].map((slot) => ({ slot, weight: weight(layerName, name, shape) })),
      ),
    },
    extra: { position: "x".repeat(100_000), empty: "" },
  };
}
