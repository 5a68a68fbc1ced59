import type { LayerDescription, ModelDescription, WeightRecord } from "../../src/core/description.ts";

/**
 * The report's network with weights and batches from the formula of tests/fixtures/keras/report_network.py, bit for bit:
 * a hashed counter gives exact multiples of 2^-24, the rest is double arithmetic rounded once.
 */
const batchSeed = 1000;
const labelSeed = 2000;

/** Chris Wellons's lowbias32. */
function hash32(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Number i of a stream, in [0, 1). */
function unit(seed: number): (i: number) => number {
  const start = hash32(seed);
  return (i) => (hash32(start + i) >>> 8) / 2 ** 24;
}

/** The report's network for square images; two classes end in one sigmoid. */
export function goldenModel(size: number, classes: number): ModelDescription {
  const convolution = (filters: number, index: number): LayerDescription[] => {
    const suffix = index === 0 ? "" : `_${index}`;
    return [
      {
        className: "Conv2D",
        name: `conv2d${suffix}`,
        config: { filters, kernelSize: [3, 3], strides: [1, 1], padding: "valid", activation: "relu" },
      },
      { className: "MaxPooling2D", name: `max_pooling2d${suffix}`, config: { poolSize: [2, 2] } },
    ];
  };
  const head =
    classes === 2 ? { units: 1, activation: "sigmoid" } : { units: classes, activation: "softmax" };
  return {
    name: "sequential",
    inputShape: [size, size, 3],
    layers: [
      ...[16, 32, 16].flatMap(convolution),
      { className: "Flatten", name: "flatten", config: {} },
      { className: "Dense", name: "dense", config: { units: 256, activation: "relu" } },
      { className: "Dense", name: "dense_1", config: head },
    ],
  };
}

/** Kernels uniform within Glorot's limit, biases zero. */
export function goldenWeights(size: number, classes: number): WeightRecord[] {
  const side = [1, 2, 3].reduce((length) => Math.floor((length - 2) / 2), size);
  const kernels: readonly [layer: string, shape: readonly number[]][] = [
    ["conv2d", [3, 3, 3, 16]],
    ["conv2d_1", [3, 3, 16, 32]],
    ["conv2d_2", [3, 3, 32, 16]],
    ["dense", [side * side * 16, 256]],
    ["dense_1", [256, classes === 2 ? 1 : classes]],
  ];
  return kernels.flatMap(([layer, shape], seed) => {
    const bias = shape.slice(-1);
    return [
      { layer, name: "kernel", shape, values: kernelValues(shape, seed) },
      { layer, name: "bias", shape: bias, values: new Float32Array(bias[0]!) },
    ];
  });
}

function kernelValues(shape: readonly number[], seed: number): Float32Array {
  const draw = unit(seed);
  const [fanIn, fanOut] = shape.slice(-2) as [number, number];
  const receptive = shape.slice(0, -2).reduce((product, length) => product * length, 1);
  const limit = Math.sqrt(6 / (receptive * (fanIn + fanOut)));
  return Float32Array.from({ length: receptive * fanIn * fanOut }, (_, i) => (2 * draw(i) - 1) * limit);
}

export interface GoldenBatch {
  /** [count, size, size, 3]. */
  readonly images: Float32Array;
  /** [count, 1] for two classes, otherwise one-hot [count, classes]. */
  readonly labels: Float32Array;
}

/** Images whose slope tells the class under noise. */
export function goldenBatch(step: number, count: number, size: number, classes: number): GoldenBatch {
  const drawLabel = unit(labelSeed + step);
  const classOf = Array.from({ length: count }, (_, n) => Math.floor(drawLabel(n) * classes));
  const images = new Float32Array(count * size * size * 3);
  const noise = unit(batchSeed + step);
  let i = 0;
  for (const label of classOf)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const slope = ((x * (1 + label) + y) % size) / size;
        for (let channel = 0; channel < 3; channel++, i++) images[i] = 0.5 * noise(i) + 0.5 * slope;
      }
  const oneHot = (label: number) => Array.from({ length: classes }, (_, c) => Number(c === label));
  return { images, labels: Float32Array.from(classes === 2 ? classOf : classOf.flatMap(oneHot)) };
}
