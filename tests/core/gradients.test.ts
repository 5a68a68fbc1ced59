import { describe, expect, it } from "vitest";
import type { Operation } from "../../src/core/operations/define.ts";
import { matmul } from "../../src/core/operations/dense.ts";
import { add } from "../../src/core/operations/elementwise.ts";
import { type OperationName, operationNames, operations } from "../../src/core/operations/table.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { checkGradients, type Point } from "../support/gradient-check.ts";

interface OperationCase {
  readonly title?: string;
  readonly points: Readonly<Record<string, Point>>;
  readonly attributes?: Readonly<Record<string, number>>;
  readonly flat?: boolean;
}

/** Beyond every kink and both saturated ends of the activations that have them. */
const bothSides: readonly OperationCase[] = [
  { points: { x: { shape: [1, 1], values: [0.7] } } },
  { points: { x: { shape: [3, 17], range: [-9, 9] } } },
  { points: { x: { shape: [2, 3, 5, 2], range: [-2, 2] } } },
];

const withAttributes = (attributes: Readonly<Record<string, number>>) =>
  bothSides.map((one) => ({ ...one, attributes }));

const convolution = (
  title: string,
  x: readonly number[],
  kernel: readonly number[],
  [strideHeight, strideWidth]: readonly [number, number],
  [padTop, padLeft]: readonly [number, number],
  [outputHeight, outputWidth]: readonly [number, number],
): OperationCase => ({
  title,
  points: { x: { shape: x }, kernel: { shape: kernel } },
  attributes: { strideHeight, strideWidth, padTop, padLeft, outputHeight, outputWidth },
});

/** `dy` is what is spread. Its kernel is taken as constant. */
const spreading = (
  title: string,
  [batch, height, width, channels]: readonly number[],
  kernel: readonly number[],
  [strideHeight, strideWidth]: readonly [number, number],
  [inputHeight, inputWidth]: readonly [number, number],
): OperationCase => ({
  title,
  points: { dy: { shape: [batch, height, width, channels * kernel[3]] }, kernel: { shape: kernel } },
  attributes: { strideHeight, strideWidth, padTop: 0, padLeft: 0, inputHeight, inputWidth },
});

const pool = (
  title: string,
  x: readonly number[],
  [poolHeight, poolWidth]: readonly [number, number],
  [strideHeight, strideWidth]: readonly [number, number],
  [padTop, padLeft]: readonly [number, number],
  [outputHeight, outputWidth]: readonly [number, number],
): OperationCase => ({
  title,
  points: { x: { shape: x } },
  attributes: {
    poolHeight,
    poolWidth,
    strideHeight,
    strideWidth,
    padTop,
    padLeft,
    outputHeight,
    outputWidth,
  },
});

const pools = [
  pool("whole windows", [2, 6, 4, 3], [2, 2], [2, 2], [0, 0], [3, 2]),
  pool("a rest that no window takes", [1, 7, 5, 2], [2, 2], [2, 2], [0, 0], [3, 2]),
  pool("windows that overlap", [2, 7, 6, 3], [3, 2], [2, 1], [0, 0], [3, 5]),
  pool("windows that reach over the edges", [1, 5, 6, 2], [3, 3], [2, 2], [1, 0], [3, 3]),
  pool("gaps between the windows", [1, 7, 8, 1], [2, 3], [3, 4], [0, 0], [2, 2]),
  pool("one window", [1, 1, 1, 1], [1, 1], [1, 1], [0, 0], [1, 1]),
];

const normalization = (title: string, shape: readonly number[], activation = 0): OperationCase => {
  const channels = shape.slice(-1);
  const points = {
    x: { shape },
    gamma: { shape: channels },
    beta: { shape: channels, range: [0, 6] } as const,
  };
  return { title, points, attributes: { epsilon: 1e-3, activation } };
};

/** Probabilities whose rows do not add up to 1, which categorical cross-entropy has to make good. */
const probabilities: Point = { shape: [4, 3], range: [0.05, 0.95] };
const softLabels: Point = { shape: [4, 3], range: [0, 1] };
/** A row is one image: the first is right, the second wrong, both with hard labels. */
const oneHot: Point = { shape: [2, 3], values: [1, 0, 0, 0, 0, 1] };

/** Every operation that has gradient rules, at awkward shapes. */
const cases: Partial<Record<OperationName, readonly OperationCase[]>> = {
  conv2d: [
    convolution("3x3", [2, 6, 5, 3], [3, 3, 3, 4], [1, 1], [0, 0], [4, 3]),
    convolution("1x1", [2, 3, 4, 5], [1, 1, 5, 3], [1, 1], [0, 0], [3, 4]),
    convolution("5x4 with odd padding", [1, 7, 6, 2], [5, 4, 2, 3], [1, 1], [2, 1], [7, 6]),
    convolution("stride below the kernel", [2, 8, 7, 2], [4, 3, 2, 3], [2, 1], [0, 0], [3, 5]),
    convolution("stride above the kernel", [1, 8, 9, 2], [2, 1, 2, 2], [3, 4], [0, 0], [3, 3]),
    convolution("stride and odd padding", [1, 6, 7, 1], [3, 3, 1, 5], [2, 2], [0, 1], [3, 4]),
    convolution("kernel of the image's size", [3, 4, 3, 2], [4, 3, 2, 7], [1, 1], [0, 0], [1, 1]),
    convolution("kernel larger than the image", [1, 2, 3, 1], [5, 5, 1, 2], [1, 1], [2, 2], [2, 3]),
    convolution("all sides 1", [1, 1, 1, 1], [1, 1, 1, 1], [1, 1], [0, 0], [1, 1]),
  ],
  depthwiseConv2d: [
    convolution("3x3", [2, 6, 5, 3], [3, 3, 3, 1], [1, 1], [0, 0], [4, 3]),
    convolution("several a channel", [1, 5, 4, 3], [3, 2, 3, 2], [1, 1], [1, 0], [5, 3]),
    convolution("stride and odd padding", [2, 6, 7, 5], [3, 3, 5, 1], [2, 2], [0, 1], [3, 4]),
    convolution("kernel larger than the image", [1, 2, 3, 2], [5, 5, 2, 3], [1, 1], [2, 2], [2, 3]),
  ],
  depthwiseConv2dInputGradient: [
    spreading("every other pixel", [2, 3, 4, 3], [1, 1, 3, 1], [2, 3], [5, 10]),
    spreading("windows that overlap", [1, 3, 2, 2], [3, 2, 2, 2], [2, 1], [7, 3]),
  ],
  batchNorm: [
    normalization("rows", [5, 3]),
    normalization("images", [2, 3, 4, 5]),
    normalization("ReLU", [3, 2, 3, 4], 1),
    normalization("ReLU6", [3, 2, 3, 4], 2),
  ],
  scaleShift: [0, 1, 2].map((activation) => ({
    title: `activation ${activation}`,
    points: { x: { shape: [3, 5, 7] }, scale: { shape: [7] }, shift: { shape: [7], range: [0, 6] } },
    attributes: { activation },
  })),
  matmul: [
    { points: { x: { shape: [1, 1] }, kernel: { shape: [1, 1] } } },
    { points: { x: { shape: [5, 7] }, kernel: { shape: [7, 3] } } },
    { points: { x: { shape: [1, 17] }, kernel: { shape: [17, 2] } } },
  ],
  addBias: [
    { points: { x: { shape: [1, 1] }, bias: { shape: [1] } } },
    { points: { x: { shape: [3, 7] }, bias: { shape: [7] } } },
    { points: { x: { shape: [2, 3, 5, 4] }, bias: { shape: [4] } } },
  ],
  add: [
    { points: { a: { shape: [1] }, b: { shape: [1] } } },
    { points: { a: { shape: [2, 3, 5] }, b: { shape: [2, 3, 5] } } },
  ],
  multiply: [
    { points: { a: { shape: [1] }, b: { shape: [1] } } },
    { points: { a: { shape: [2, 3, 5] }, b: { shape: [2, 3, 5] } } },
  ],
  concatenate: [
    { points: { a: { shape: [1, 1] }, b: { shape: [1, 1] } } },
    { points: { a: { shape: [2, 3, 5] }, b: { shape: [2, 3, 2] } } },
  ],
  sliceChannels: [
    { first: 0, count: 7 },
    { first: 0, count: 3 },
    { first: 2, count: 3 },
    { first: 4, count: 3 },
  ].map((attributes) => ({
    title: `${attributes.count} from ${attributes.first}`,
    points: { x: { shape: [2, 3, 7] } },
    attributes,
  })),
  scaleChannels: [
    { points: { x: { shape: [1, 1, 1, 1] }, scale: { shape: [1, 1] } } },
    { points: { x: { shape: [3, 2, 5, 4] }, scale: { shape: [3, 4] } } },
  ],
  rescale: [{ points: { x: { shape: [3, 5] } }, attributes: { scale: -0.7, offset: 3 } }],
  dropout: [0, 0.3, 0.9].map((rate) => ({
    title: `rate ${rate}`,
    points: { x: { shape: [7, 9] }, random: { shape: [4], values: [1, 4_000_000_000, 3, 4] } },
    attributes: { rate, stream: 5 },
  })),
  relu: bothSides,
  relu6: bothSides,
  boundedRelu: [
    ...withAttributes({ slope: 0.2, threshold: 0.5, maximum: 4 }),
    ...withAttributes({ slope: 0, threshold: 0, maximum: 1.1 }),
  ],
  leakyRelu: withAttributes({ slope: 0.3 }),
  elu: withAttributes({ alpha: 1.7 }),
  selu: bothSides,
  sigmoid: bothSides,
  tanh: bothSides,
  // over 9 the slope is thousands, and so is the difference's error
  exponential: [{ points: { x: { shape: [3, 17], range: [-4, 3] } } }],
  softplus: bothSides,
  softsign: bothSides,
  silu: bothSides,
  gelu: bothSides,
  geluApproximate: bothSides,
  hardSigmoid: bothSides,
  mish: bothSides,
  softmax: [
    { points: { x: { shape: [3, 7], range: [-5, 5] } } },
    { points: { x: { shape: [2, 3, 2, 5] } } },
    { title: "one class is always certain", points: { x: { shape: [4, 1] } }, flat: true },
  ],
  maxPool2d: pools,
  averagePool2d: pools,
  globalAveragePool2d: [
    { points: { x: { shape: [1, 1, 1, 1] } } },
    { points: { x: { shape: [3, 5, 2, 4] } } },
  ],
  sigmoidCrossEntropy: [
    { points: { x: { shape: [1, 1] }, labels: { shape: [1, 1], values: [1] } } },
    { points: { x: { shape: [4, 3], range: [-9, 9] }, labels: softLabels } },
  ],
  binaryCrossEntropy: [
    { points: { x: { shape: [1, 1], values: [0.2] }, labels: { shape: [1, 1], values: [1] } } },
    { points: { x: probabilities, labels: softLabels } },
    {
      title: "probabilities that are clipped",
      points: {
        x: { shape: [4, 1], values: [-0.5, -0.5, 1.5, 1.5] },
        labels: { shape: [4, 1], values: [0, 1, 0, 1] },
      },
      flat: true,
    },
  ],
  softmaxCrossEntropy: [
    { points: { x: { shape: [2, 3] }, labels: oneHot } },
    { title: "labels that do not add up to 1", points: { x: { shape: [4, 3] }, labels: softLabels } },
  ],
  categoricalCrossEntropy: [
    { points: { x: { shape: [2, 3], range: [0.05, 0.95] }, labels: oneHot } },
    { title: "labels that do not add up to 1", points: { x: probabilities, labels: softLabels } },
    {
      title: "the true class is clipped",
      points: { x: { shape: [2, 3], values: [-0.2, 0.6, 0.7, 0.6, 0.7, -0.2] }, labels: oneHot },
      flat: true,
    },
  ],
};

const differentiable = operationNames.filter((name) => (operations[name] as Operation).gradients);

describe("gradient rules against finite differences", () => {
  it("has a case for every operation with a rule, and for no other", () => {
    expect(Object.keys(cases).sort()).toEqual([...differentiable].sort());
  });

  describe.each(Object.entries(cases))("%s", (name, operationCases) => {
    it.each(operationCases.map((one) => [titleOf(one), one] as const))("%s", (_, one) => {
      const operation: Operation = operations[name as OperationName];
      const [result] = operation.outputs as [string];
      checkGradients({
        points: one.points,
        targets: Object.keys(operation.gradients ?? {}),
        record: (recorder, inputs) => recorder.apply(operation, inputs, one.attributes ?? {})[result]!,
        loss: result === "loss",
        flat: one.flat ?? false,
      });
    });
  });
});

describe("gradients of what several operations make", () => {
  it("adds up over every use of a tensor", () => {
    checkGradients({
      points: { x: { shape: [3, 5] } },
      targets: ["x"],
      record: (recorder, { x }) => {
        const a = recorder.apply(operations.tanh, { x: x! }, {}).y;
        const b = recorder.apply(add, { a, b: x! }, {}).y;
        return recorder.apply(add, { a: b, b: a }, {}).y;
      },
    });
  });

  it("adds up where both inputs are one tensor", () => {
    checkGradients({
      points: { x: { shape: [7] } },
      targets: ["x"],
      record: (recorder, { x }) => recorder.apply(add, { a: x!, b: x! }, {}).y,
    });
  });

  it("adds up over a kernel that is used twice", () => {
    checkGradients({
      points: { x: { shape: [2, 3] }, kernel: { shape: [3, 3] } },
      targets: ["kernel", "x"],
      record: (recorder, { x, kernel }) => {
        const once = recorder.apply(matmul, { x: x!, kernel: kernel! }, {}).y;
        return recorder.apply(matmul, { x: once, kernel: kernel! }, {}).y;
      },
    });
  });

  it("records what the gradients of one normalisation share once", () => {
    const recorder = new Recorder(0);
    const [x, gamma, beta] = [[6, 3], [3], [3]].map((shape, i) => recorder.input(`input ${i}`, shape));
    const { y } = recorder.apply(operations.batchNorm, { x, gamma, beta }, { epsilon: 1e-3, activation: 0 });
    const loss = recorder.apply(
      operations.softmaxCrossEntropy,
      { x: y, labels: recorder.input("labels", [6, 3]) },
      {},
    ).loss;
    recorder.differentiate(loss, [beta, gamma, x]);
    const recorded = recorder.finish().nodes.map(({ operation }) => operation);
    expect(recorded.slice(-2)).toEqual(["batchNormParameterGradient", "batchNormInputGradient"]);
    expect(recorded.filter((operation) => operation === "batchNormParameterGradient")).toHaveLength(1);
  });

  it("passes through views, in the shape of what is viewed", () => {
    checkGradients({
      points: { x: { shape: [2, 3, 1, 4] }, kernel: { shape: [12, 3] } },
      targets: ["x", "kernel"],
      record: (recorder, { x, kernel }) => {
        const flat = recorder.view(recorder.view(x!, [24]), [2, 12]);
        const y = recorder.apply(matmul, { x: flat, kernel: kernel! }, {}).y;
        return recorder.view(y, [3, 2]);
      },
    });
  });

  it("adds up what comes through a view and past it", () => {
    checkGradients({
      points: { x: { shape: [2, 3] } },
      targets: ["x"],
      record: (recorder, { x }) => {
        const y = recorder.apply(operations.tanh, { x: x! }, {}).y;
        const turned = recorder.apply(operations.silu, { x: recorder.view(y, [6]) }, {}).y;
        return recorder.apply(add, { a: y, b: recorder.view(turned, [2, 3]) }, {}).y;
      },
    });
  });
});

function titleOf({ title, points }: OperationCase): string {
  const shapes = Object.values(points).map(({ shape }) => shape.join("x"));
  return [...(title ? [title] : []), `on ${shapes.join(", ")}`].join(" ");
}
