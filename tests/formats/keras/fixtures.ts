import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { LayerDescription, WeightRecord } from "../../../src/core/description.ts";
import type { SavedModel } from "../../../src/formats/saved-model.ts";

/** What Keras wrote (tests/fixtures/formats/make.py), and a small model of our own. */

const folder = new URL("../../fixtures/formats/", import.meta.url);

export function fixtureBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, folder)));
}

/** What Keras says is in a `.keras` that it wrote; the optimizer's variables have numbers and no names. */
interface KerasArchive {
  readonly weights: readonly (readonly [name: string, values: readonly number[]])[];
  readonly optimizer: readonly (readonly number[])[];
  readonly predictions: readonly number[];
}

export function kerasArchive(name: string): KerasArchive {
  return fixtureJson("archives.json").archives[name];
}

/** The photos that the models were trained on: [4, 8, 8, 3]. */
export function fixtureImages(): Float32Array {
  return Float32Array.from(fixtureJson("models.json").images);
}

interface KerasModel {
  readonly weights: readonly (readonly [name: string, values: readonly number[]])[];
  readonly optimizer: readonly (readonly [name: string, values: readonly number[]])[];
}

export function kerasModel(name: string): KerasModel {
  return fixtureJson("models.json").models[name];
}

export function fixtureJson(name: string) {
  return JSON.parse(readFileSync(new URL(name, folder), "utf8"));
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

const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** `toEqual` takes zeros of either sign for the same, and one NaN for another. */
export function expectSameBits(actual: SavedModel, expected: SavedModel): void {
  const arrays = ({ weights, optimizer }: SavedModel) => [
    ...weights,
    ...(optimizer?.slots.map(({ weight }) => weight) ?? []),
  ];
  const [left, right] = [arrays(actual), arrays(expected)];
  expect(left.length).toBe(right.length);
  left.forEach(({ values }, i) => {
    expect(bits(values)).toEqual(bits(right[i].values));
  });
}
