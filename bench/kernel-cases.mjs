/** The shapes that the kernels are measured on: what image classifiers of today are made of. Square pictures, NHWC. */

const training = ["forward", "inputGradient", "kernelGradient"];

/** 3x3 convolutions: inputs, outputs, size of the picture. */
const threeByThree = [
  [3, 32, 224],
  [32, 64, 112],
  [64, 64, 56],
  [128, 128, 28],
  [256, 256, 14],
  [512, 512, 7],
];

/** 1x1 convolutions of MobileNet and ResNet: inputs, outputs, size, stride. */
const oneByOne = [
  [32, 64, 112, 1],
  [64, 128, 56, 1],
  [128, 128, 56, 1],
  [256, 512, 14, 1],
  [512, 512, 14, 1],
  [1024, 1024, 7, 1],
  [64, 256, 56, 1],
  [256, 64, 56, 1],
  [256, 512, 56, 2],
  [512, 2048, 7, 1],
];

/** Depthwise convolutions: channels and size. */
const depthwise = [
  [32, 112],
  [64, 112],
  [128, 56],
  [256, 28],
  [512, 14],
  [1024, 7],
];

const convolutions = [
  ...threeByThree.flatMap(([inputs, outputs, size]) =>
    [1, 2].map((stride) => ({ inputs, outputs, size, kernel: 3, stride })),
  ),
  { inputs: 3, outputs: 64, size: 224, kernel: 7, stride: 2 },
  ...oneByOne.map(([inputs, outputs, size, stride]) => ({ inputs, outputs, size, kernel: 1, stride })),
].map((shape) => ({ kind: "convolution", ...shape, parts: training }));

const depthwises = [3, 5].flatMap((kernel) =>
  [1, 2].flatMap((stride) =>
    depthwise.map(([channels, size]) => ({
      kind: "depthwise",
      channels,
      size,
      kernel,
      stride,
      parts: training,
    })),
  ),
);

const others = [
  { kind: "dense", inputs: 14400, outputs: 256, parts: training },
  { kind: "dense", inputs: 1280, outputs: 1000, parts: training },
  ...["maxPool", "averagePool"].flatMap((kind) =>
    [2, 3].map((kernel) => ({
      kind,
      channels: 64,
      size: 112,
      kernel,
      stride: 2,
      parts: ["forward", "inputGradient"],
    })),
  ),
  { kind: "globalPool", channels: 1280, size: 7, parts: ["forward", "inputGradient"] },
  ...[
    [64, 56],
    [256, 14],
  ].flatMap(([channels, size]) => [
    { kind: "batchNorm", channels, size, parts: ["forward", "gradient"] },
    { kind: "add", channels, size, parts: ["forward"] },
  ]),
  {
    kind: "foldedConvolution",
    inputs: 64,
    outputs: 64,
    size: 56,
    kernel: 3,
    stride: 1,
    parts: ["forward"],
  },
  { kind: "softmax", channels: 1000, parts: ["forward", "inputGradient"] },
  { kind: "sgd", parameters: 25e6, parts: ["update"] },
  { kind: "adam", parameters: 25e6, parts: ["update"] },
];

/** Every case at batch 32, and what has a forward part at batch 1 too. */
export function kernelCases() {
  return [...convolutions, ...depthwises, ...others].flatMap(({ parts, ...shape }) => [
    ...(shape.parameters ? [] : [named({ ...shape, part: "forward", batch: 1 })]),
    ...parts.map((part) => named({ ...shape, part, batch: 32 })),
  ]);
}

function named(shape) {
  return { name: nameOf(shape), ...shape };
}

function nameOf({ kind, inputs, outputs, channels, size, kernel, stride, parameters, batch, part }) {
  const words = [
    kind,
    kernel && `${kernel}x${kernel}`,
    inputs ? `${inputs}->${outputs}` : channels,
    size && `@${size}`,
    stride > 1 && `/${stride}`,
    parameters ? `${parameters / 1e6}M` : `batch ${batch}`,
    part,
  ];
  return words.filter(Boolean).join(" ");
}

export const outputSize = ({ size, stride = 1 }) => Math.ceil(size / stride);

/** Floating-point operations (a multiply-add counts two) and the bytes that must be read and written at least once. */
export function kernelCost(shape) {
  const { kind, batch, inputs, outputs, channels, kernel, size, parameters, part } = shape;
  const out = outputSize(shape) ** 2;
  switch (kind) {
    case "convolution":
    case "foldedConvolution": {
      const weights = kernel * kernel * inputs * outputs;
      return {
        flops: 2 * batch * out * weights,
        bytes: 4 * (batch * (size * size * inputs + out * outputs) + weights),
      };
    }
    case "depthwise":
      return {
        flops: 2 * batch * out * channels * kernel * kernel,
        bytes: 4 * (batch * channels * (size * size + out) + kernel * kernel * channels),
      };
    case "dense":
      return {
        flops: 2 * batch * inputs * outputs,
        bytes: 4 * (batch * (inputs + outputs) + inputs * outputs),
      };
    case "maxPool":
    case "averagePool":
      return {
        flops: batch * channels * out * kernel * kernel,
        bytes: 4 * batch * channels * (size * size + out),
      };
    case "globalPool":
      return {
        flops: batch * channels * size * size,
        bytes: 4 * batch * channels * (size * size + 1),
      };
    // Forward reads x and writes y, and the statistics need a pass before; backward reads x and dy twice and writes dx.
    case "batchNorm": {
      const count = batch * channels * size * size;
      return part === "forward"
        ? { flops: 6 * count, bytes: 4 * 3 * count }
        : { flops: 10 * count, bytes: 4 * 5 * count };
    }
    case "add": {
      const count = batch * channels * size * size;
      return { flops: count, bytes: 4 * 3 * count };
    }
    case "softmax":
      return part === "forward"
        ? { flops: 5 * batch * channels, bytes: 4 * 2 * batch * channels }
        : { flops: 4 * batch * channels, bytes: 4 * 3 * batch * channels };
    case "sgd":
      return { flops: 2 * parameters, bytes: 4 * 3 * parameters };
    case "adam":
      return { flops: 12 * parameters, bytes: 4 * 7 * parameters };
    default:
      throw new Error(`Expected a kind of kernel, found "${kind}"`);
  }
}
