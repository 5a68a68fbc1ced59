import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { InputArray } from "../../src/core/backend.ts";
import { viewMemory } from "../../src/core/memory.ts";
import type { Operation } from "../../src/core/operations/define.ts";
import { type OperationName, operations } from "../../src/core/operations/table.ts";
import { planMemory } from "../../src/core/plan.ts";
import type { DType } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { philox4x32 } from "../../src/util/random.ts";
import { runFloat64 } from "../support/float64.ts";
import { prepareRun } from "../support/run-program.ts";

type Given = readonly [shape: readonly number[], values: readonly number[], dtype?: DType];

function record(name: OperationName, given: Record<string, Given>, attributes: Record<string, number>) {
  const recorder = new Recorder(0);
  const inputs = Object.fromEntries(
    Object.entries(given).map(([input, [shape, , dtype]]) => [input, recorder.input(input, shape, dtype)]),
  );
  const operation: Operation = operations[name];
  const outputs = recorder.apply(operation, inputs, attributes);
  for (const [output, tensor] of Object.entries(outputs)) recorder.output(output, tensor);
  return recorder.finish();
}

/** One operation on float64 numbers; the outputs by name. */
function compute(name: OperationName, given: Record<string, Given>, attributes: Record<string, number> = {}) {
  const recording = record(name, given, attributes);
  const read = runFloat64(
    recording,
    Object.fromEntries(
      Object.entries(given).map(([input, [, values]]) => [input, Float64Array.from(values)]),
    ),
  );
  return Object.fromEntries([...recording.outputs].map(([output, tensor]) => [output, [...read(tensor)]]));
}

const activate = (name: OperationName, x: number, attributes: Record<string, number> = {}) =>
  compute(name, { x: [[1], [x]] }, attributes).y![0]!;

/** The formulas lose a few units in the last place of float64. */
const digits = 13;

describe("activations at known points", () => {
  // Φ from tables of 16 digits; the rest worked out from it, or from e, by hand
  it.each([
    ["gelu", 1, 0.8413447460685429],
    ["gelu", -1, -0.15865525393145707],
    ["gelu", 3, 3 * 0.9986501019683699],
    ["gelu", -5, -5 * 2.866515718791939e-7],
    // erfc(2) / 2, where the series ends and the continued fraction begins
    ["gelu", -2 * Math.SQRT2, (-2 * Math.SQRT2 * 0.004677734981047266) / 2],
    ["geluApproximate", 1, 0.8411919906082768],
    ["sigmoid", 1, 1 / (1 + 1 / Math.E)],
    ["silu", 1, 1 / (1 + 1 / Math.E)],
    ["softplus", 0, Math.LN2],
    ["softsign", -3, -0.75],
    ["selu", 2, 2 * 1.0507009873554805],
    ["selu", -1, 1.0507009873554805 * 1.6732632423543772 * (1 / Math.E - 1)],
    ["mish", 0, 0],
    ["hardSigmoid", 1.5, 0.75],
  ] as const)("%s(%f) is %f", (name, x, expected) => {
    expect(activate(name, x)).toBeCloseTo(expected, digits);
  });

  it.each([
    ["relu", -0.5, 0],
    ["relu", 0.5, 0.5],
    ["relu6", 7, 6],
    ["relu6", -7, 0],
    ["hardSigmoid", 3, 1],
    ["hardSigmoid", -3, 0],
    ["sigmoid", 1000, 1],
    ["sigmoid", -1000, 0],
    ["softplus", 1000, 1000],
    ["softplus", -1000, 0],
    ["silu", 1000, 1000],
    ["mish", 1000, 1000],
    ["gelu", 1000, 1000],
    ["tanh", 1000, 1],
    ["elu", 1000, 1000],
  ] as const)("%s(%d) is exactly %d", (name, x, expected) => {
    expect(activate(name, x, { alpha: 1 })).toBe(expected);
  });

  it("the slope of ReLU at 0 is 0, as in Keras", () => {
    const dy: Given = [[3], [5, 5, 5]];
    expect(compute("reluGradient", { dy, from: [[3], [0, 1e-9, 2]] }).dx).toEqual([0, 5, 5]);
    expect(compute("relu6Gradient", { dy, from: [[3], [0, 6, 3]] }).dx).toEqual([0, 0, 5]);
    expect(compute("leakyReluGradient", { dy, from: [[3], [0, 1, -1]] }, { slope: 0.5 }).dx).toEqual([
      2.5, 5, 2.5,
    ]);
  });

  it("softmax is the same far from 0, and even where all are equal", () => {
    const near = compute("softmax", {
      x: [
        [1, 3],
        [0, 1, 2],
      ],
    }).y!;
    expect(
      compute("softmax", {
        x: [
          [2, 3],
          [1000, 1001, 1002, -5, -5, -5],
        ],
      }).y,
    ).toEqual([...near, ...[1, 1, 1].map((one) => one / 3)]);
    expect(near[0]! + near[1]! + near[2]!).toBeCloseTo(1, digits);
    expect(near[2]! / near[1]!).toBeCloseTo(Math.E, digits);
  });
});

describe("convolution", () => {
  it("is the sum of its definition, each axis by its own stride, padding and side", () => {
    const [height, width, channels, filters] = [7, 9, 2, 3];
    const [kernelHeight, kernelWidth, outputHeight, outputWidth] = [3, 2, 4, 3];
    const window = { strideHeight: 2, strideWidth: 3, padTop: 1, padLeft: 0, outputHeight, outputWidth };
    const numbers = (length: number) => Array.from({ length }, (_, i) => ((i * 37) % 23) - 11);
    const x = numbers(height * width * channels);
    const kernel = numbers(kernelHeight * kernelWidth * channels * filters);
    const at = (row: number, column: number, c: number) =>
      row < 0 || row >= height || column < 0 || column >= width
        ? 0
        : x[(row * width + column) * channels + c]!;
    const expected = Array.from({ length: outputHeight * outputWidth * filters }, (_, index) => {
      const o = index % filters;
      const j = Math.floor(index / filters) % outputWidth;
      const i = Math.floor(index / filters / outputWidth);
      return kernel.reduce((sum, weight, k) => {
        if (k % filters !== o) return sum;
        const c = Math.floor(k / filters) % channels;
        const q = Math.floor(k / filters / channels) % kernelWidth;
        const p = Math.floor(k / filters / channels / kernelWidth);
        return sum + weight * at(i * 2 + p - 1, j * 3 + q, c);
      }, 0);
    });
    const given: Record<string, Given> = {
      x: [[1, height, width, channels], x],
      kernel: [[kernelHeight, kernelWidth, channels, filters], kernel],
    };
    expect(compute("conv2d", given, window).y).toEqual(expected);
  });
});

describe("pools", () => {
  const window = { strideHeight: 2, strideWidth: 2, padTop: 0, padLeft: 0 };

  it("take the first of equal values", () => {
    const x: Given = [
      [1, 2, 4, 1],
      [1, 5, 7, 7, 5, 5, 7, 7],
    ];
    const attributes = { ...window, poolHeight: 2, poolWidth: 2, outputHeight: 1, outputWidth: 2 };
    expect(compute("maxPool2d", { x }, attributes)).toEqual({ y: [5, 7], position: [1, 0] });
  });

  it("leave padding out: of the greatest, of the mean, of the count", () => {
    const x: Given = [
      [1, 1, 2, 1],
      [-3, -1],
    ];
    const attributes = { ...window, poolHeight: 3, poolWidth: 3, padTop: 1, padLeft: 1 };
    const size = { outputHeight: 1, outputWidth: 1 };
    expect(compute("maxPool2d", { x }, { ...attributes, ...size })).toEqual({ y: [-1], position: [5] });
    expect(compute("averagePool2d", { x }, { ...attributes, ...size }).y).toEqual([-2]);
  });

  it("give each gradient to the winner, added up where windows overlap", () => {
    const dy: Given = [
      [1, 1, 2, 1],
      [3, 4],
    ];
    const position: Given = [
      [1, 1, 2, 1],
      [1, 0],
    ];
    const attributes = {
      poolHeight: 1,
      poolWidth: 2,
      strideHeight: 1,
      strideWidth: 1,
      padTop: 0,
      padLeft: 0,
    };
    expect(
      compute("maxPool2dGradient", { dy, position }, { ...attributes, inputHeight: 1, inputWidth: 3 }).dx,
    ).toEqual([0, 7, 0]);
  });
});

describe("dropout", () => {
  const random: Given = [[4], [11, 22, 33, 44], "uint32"];
  const drop = (count: number, rate: number, stream: number, numbers = random) =>
    compute("dropout", { x: [[count], new Array(count).fill(1)], random: numbers }, { rate, stream }).y!;

  it("draws word i mod 4 of block i / 4, by the step's key and counter and the layer's number", () => {
    const expected = Array.from({ length: 11 }, (_, i) => {
      const words = philox4x32([Math.floor(i / 4), 7, 33, 44], [11, 22]);
      return words[i % 4]! * 2 ** -32 >= 0.3 ? 1 / 0.7 : 0;
    });
    expect(drop(11, 0.3, 7)).toEqual(expected);
    expect(new Set(expected).size).toBe(2);
  });

  it("drops the share that it is told, and nothing or all at the ends", () => {
    const count = 20_000;
    const dropped = drop(count, 0.3, 1).filter((value) => value === 0).length / count;
    // five standard errors
    expect(Math.abs(dropped - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / count));
    expect(drop(9, 0, 1)).toEqual(new Array(9).fill(1));
    expect(drop(9, 1, 1)).toEqual(new Array(9).fill(0));
  });

  it("draws anew for every layer and every step", () => {
    const first = drop(64, 0.5, 1);
    expect(drop(64, 0.5, 2)).not.toEqual(first);
    expect(drop(64, 0.5, 1, [[4], [11, 22, 34, 44], "uint32"])).not.toEqual(first);
    expect(drop(64, 0.5, 1, [[4], [12, 22, 33, 44], "uint32"])).not.toEqual(first);
  });
});

describe("losses far from 0", () => {
  it("of logits stay finite and exact", () => {
    const labels: Given = [
      [2, 1],
      [0, 1],
    ];
    expect(
      compute("sigmoidCrossEntropy", {
        x: [
          [2, 1],
          [1000, -1000],
        ],
        labels,
      }).loss,
    ).toEqual([1000]);
    expect(
      compute("sigmoidCrossEntropyGradient", {
        x: [
          [2, 1],
          [1000, -1000],
        ],
        labels,
      }).dx,
    ).toEqual([0.5, -0.5]);
    const logits: Given = [
      [1, 3],
      [2000, 0, 1000],
    ];
    const oneHot: Given = [
      [1, 3],
      [0, 1, 0],
    ];
    expect(compute("softmaxCrossEntropy", { x: logits, labels: oneHot }).loss).toEqual([2000]);
    expect(compute("softmaxCrossEntropyGradient", { x: logits, labels: oneHot }).dx).toEqual([1, -1, 0]);
  });

  it("of probabilities are clipped to 1e-7 and back", () => {
    const lowest = Math.fround(1e-7);
    const highest = Math.fround(1 - 1e-7);
    const at = (x: number, label: number) =>
      compute("binaryCrossEntropy", { x: [[1, 1], [x]], labels: [[1, 1], [label]] }).loss![0];
    expect(at(0, 1)).toBeCloseTo(-Math.log(lowest), digits);
    expect(at(1, 0)).toBeCloseTo(-Math.log(1 - highest), digits);
    const one = compute("categoricalCrossEntropy", {
      x: [
        [1, 2],
        [0, 8],
      ],
      labels: [
        [1, 2],
        [1, 0],
      ],
    });
    expect(one.loss![0]).toBeCloseTo(-Math.log(lowest), digits);
  });
});

describe("the backend", () => {
  const run = (name: OperationName, given: Record<string, Given>, inputs: Record<string, InputArray>) =>
    prepareRun(referenceBackend, planMemory(record(name, given, { scale: 1 / 255, offset: -1 }))).run(inputs);

  it("reads bytes as numbers", async () => {
    const { y } = await run("rescale", { x: [[3], [], "uint8"] }, { x: Uint8Array.of(0, 51, 255) });
    expect(y).toEqual(Float32Array.of(-1, 51 / 255 - 1, 0));
  });

  it("adds up in float64 and rounds once", async () => {
    // in float32 the 1 is lost beside 2^24
    const x = Float32Array.of(2 ** 24, 1, 1);
    const { y } = await run(
      "matmul",
      { x: [[1, 3], []], kernel: [[3, 1], []] },
      { x, kernel: new Float32Array(3).fill(1) },
    );
    expect(y).toEqual(Float32Array.of(2 ** 24 + 2));
  });

  it("gives the event loop a turn after each operation", async () => {
    const recorder = new Recorder(0);
    let tensor = recorder.input("x", [1]);
    for (let i = 0; i < 3; i++) tensor = recorder.apply(operations.tanh, { x: tensor }, {}).y;
    recorder.output("y", tensor);
    let turns = 0;
    const count = () => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await prepareRun(referenceBackend, planMemory(recorder.finish())).run({ x: Float32Array.of(1) });
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it("hands out zeroed memory of the length that is asked for", () => {
    const memory = referenceBackend.allocate(128);
    expect(memory.byteLength).toBe(128);
    expect(viewMemory(memory, "uint8", 0, 128).every((byte) => byte === 0)).toBe(true);
  });
});
