import type { OperationName } from "../../src/core/operations/table.ts";
import type { DType } from "../../src/core/program.ts";

/** How an input is filled: whole numbers, numbers from a range, pool winners, or one-hot rows. */
export type Fill =
  | { readonly integers: readonly [lowest: number, highest: number] }
  | { readonly range: readonly [lowest: number, highest: number] }
  /** Positions of a fused pool, some of them 255 where ReLU stops the gradient. */
  | { readonly winnersAmong: number; readonly stopped: boolean }
  | { readonly winnersOf: OperationCase["attributes"] }
  | { readonly oneHot: true };

export interface InputCase {
  readonly shape: readonly number[];
  readonly dtype?: DType;
  readonly fill: Fill;
}

export interface OperationCase {
  readonly title: string;
  readonly inputs: Readonly<Record<string, InputCase>>;
  readonly attributes: Readonly<Record<string, number>>;
  readonly tolerance: Tolerance;
}

export interface Tolerance {
  readonly reason: string;
  /** Of the expected value, and of 1. */
  readonly relative: number;
  readonly absolute: number;
}

const exact: Tolerance = {
  reason: "small whole numbers add up exactly in float32, in any order",
  relative: 0,
  absolute: 0,
};
const rounding: Tolerance = {
  reason: "a few float32 operations and functions to 2 units in the last place (2^-23 each)",
  relative: 1e-6,
  absolute: 5e-7,
};
const steep: Tolerance = {
  reason: "e^z with z to 60, where rounding z alone moves the result by 2e-6",
  relative: 4e-6,
  absolute: 1e-6,
};
const sum: Tolerance = { reason: "float32 sums of tens of terms", relative: 3e-6, absolute: 1e-6 };

const longSum: Tolerance = {
  reason: "float32 sums of a thousand terms, which may cancel",
  relative: 1e-5,
  absolute: 1e-4,
};
const normal: Tolerance = {
  reason:
    "x - mean has an error of its own of 2^-24 of x, at most 1e-5 of what is left, times gamma / deviation",
  relative: 1e-5,
  absolute: 1e-5,
};
const folding: Tolerance = {
  reason: "bias - mean may cancel; the difference is up to 6, times up to 3 / deviation",
  relative: 2e-6,
  absolute: 3e-6,
};

const whole = (shape: readonly number[], highest = 3): InputCase => ({
  shape,
  fill: { integers: [-highest, highest] },
});
const real = (shape: readonly number[], lowest = -3, highest = 3): InputCase => ({
  shape,
  fill: { range: [lowest, highest] },
});

// ---- convolutions ----

interface ConvolutionShape {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly kernel: readonly [number, number, number, number];
  readonly stride?: readonly [number, number];
  readonly pad?: readonly [number, number];
  /** Of y; what valid padding gives unless it is said. */
  readonly size?: readonly [number, number];
}

/** 1, primes, one more than a vector, more than a tile, strides, paddings, kernels beyond the image, several bands. */
const convolutionShapes: readonly ConvolutionShape[] = [
  { title: "one of everything", x: [1, 1, 1, 1], kernel: [1, 1, 1, 1] },
  { title: "primes", x: [2, 5, 7, 3], kernel: [3, 3, 3, 17] },
  { title: "a vector of channels", x: [1, 7, 29, 16], kernel: [3, 3, 16, 32] },
  { title: "a first layer, RGB", x: [2, 9, 39, 3], kernel: [3, 3, 3, 32] },
  { title: "a first layer, grey", x: [3, 7, 10, 1], kernel: [3, 3, 1, 16], pad: [1, 1], size: [7, 10] },
  { title: "one more than a vector", x: [1, 6, 17, 5], kernel: [3, 3, 5, 33] },
  { title: "1x1", x: [2, 5, 13, 7], kernel: [1, 1, 7, 9] },
  { title: "1x7", x: [1, 4, 30, 2], kernel: [1, 7, 2, 8] },
  { title: "7x1", x: [1, 30, 4, 2], kernel: [7, 1, 2, 8] },
  { title: "5x5", x: [1, 11, 12, 13], kernel: [5, 5, 13, 4] },
  { title: "same", x: [2, 9, 8, 5], kernel: [3, 3, 5, 6], pad: [1, 1], size: [9, 8] },
  { title: "same, stride 2", x: [2, 8, 8, 3], kernel: [3, 3, 3, 16], stride: [2, 2], size: [4, 4] },
  {
    title: "same, 4x5, strides 2 and 3",
    x: [1, 9, 11, 2],
    kernel: [4, 5, 2, 7],
    stride: [2, 3],
    pad: [1, 2],
    size: [5, 4],
  },
  { title: "stride beyond the kernel", x: [1, 9, 10, 2], kernel: [2, 2, 2, 5], stride: [3, 3] },
  {
    title: "a kernel larger than the image",
    x: [2, 3, 2, 2],
    kernel: [6, 7, 2, 3],
    pad: [2, 3],
    size: [3, 2],
  },
  { title: "many channels", x: [1, 5, 5, 40], kernel: [3, 3, 40, 70] },
  { title: "a row of one pixel", x: [3, 1, 1, 50], kernel: [1, 1, 50, 3] },
  { title: "several bands", x: [1, 77, 63, 16], kernel: [3, 3, 16, 32] },
];

/** What the dense kernel gradient cuts otherwise: kernels into blocks, wide rows into columns, several images together. */
const blockShapes: readonly ConvolutionShape[] = [
  {
    title: "a power of two of channels",
    x: [2, 5, 7, 64],
    kernel: [3, 3, 64, 17],
    pad: [1, 1],
    size: [5, 7],
  },
  { title: "blocks of channels", x: [1, 3, 4, 130], kernel: [3, 3, 130, 140], pad: [1, 1], size: [3, 4] },
  { title: "1x1, blocks, stride 2", x: [2, 5, 3, 260], kernel: [1, 1, 260, 300], stride: [2, 2] },
  {
    title: "rows of more than a box",
    x: [1, 4, 2100, 1],
    kernel: [3, 3, 1, 2],
    pad: [1, 1],
    size: [4, 2100],
  },
  { title: "boxes of some images", x: [7, 13, 12, 8], kernel: [3, 3, 8, 47], pad: [1, 1], size: [13, 12] },
];

interface ConvolutionSizes {
  readonly x: InputCase;
  readonly kernel: InputCase;
  readonly bias: InputCase;
  readonly size: readonly [number, number];
  readonly filters: number;
  readonly window: Readonly<Record<string, number>>;
}

function sizesOf({ x, kernel, stride = [1, 1], pad = [0, 0], size }: ConvolutionShape): ConvolutionSizes {
  const valid = [0, 1].map((axis) => Math.floor((x[axis + 1] - kernel[axis]) / stride[axis]) + 1);
  return {
    x: whole(x),
    kernel: whole(kernel),
    bias: whole([kernel[3]]),
    size: size ?? [valid[0], valid[1]],
    filters: kernel[3],
    window: { strideHeight: stride[0], strideWidth: stride[1], padTop: pad[0], padLeft: pad[1] },
  };
}

const eachConvolution = (
  make: (shape: ConvolutionShape, sizes: ConvolutionSizes) => Pick<OperationCase, "inputs" | "attributes">,
  shapes = convolutionShapes,
): OperationCase[] =>
  shapes.map((shape) => ({
    title: shape.title,
    tolerance: exact,
    ...make(shape, sizesOf(shape)),
  }));

const eachActivation = (
  make: (activation: number) => OperationCase[],
  activations: readonly number[] = [0, 1],
): OperationCase[] =>
  activations.flatMap((activation) =>
    make(activation).map((one) => ({
      ...one,
      title: `${one.title}${["", ", ReLU", ", ReLU6"][activation]}`,
    })),
  );

/** Pools that fit into the convolution, with rows and columns left over for some. */
const pools: readonly (readonly [number, number])[] = [
  [2, 2],
  [1, 1],
  [3, 2],
  [1, 4],
];

const pooled = (size: readonly [number, number], pool: readonly [number, number]) => [
  Math.floor(size[0] / pool[0]),
  Math.floor(size[1] / pool[1]),
];

const eachPool = (
  make: (
    shape: ConvolutionShape,
    sizes: ConvolutionSizes,
    attributes: Readonly<Record<string, number>>,
    y: readonly number[],
  ) => Pick<OperationCase, "inputs" | "attributes">,
): OperationCase[] =>
  eachActivation((activation) =>
    pools.flatMap((pool) =>
      convolutionShapes.flatMap((shape) => {
        const sizes = sizesOf(shape);
        const [height, width] = pooled(sizes.size, pool);
        if (height * width === 0) return [];
        const [poolHeight, poolWidth] = pool;
        const [convHeight, convWidth] = sizes.size;
        const attributes = { activation, convHeight, convWidth, poolHeight, poolWidth, ...sizes.window };
        const y = [shape.x[0], height, width, sizes.filters];
        const made = make(shape, sizes, attributes, y);
        return [{ title: `${shape.title}, pool ${pool.join("x")}`, tolerance: exact, ...made }];
      }),
    ),
  );

const winners = (shape: readonly number[], attributes: Readonly<Record<string, number>>): InputCase => ({
  shape,
  dtype: "uint8",
  fill: { winnersAmong: attributes.poolHeight * attributes.poolWidth, stopped: attributes.activation === 1 },
});

// ---- depthwise convolutions ----

const depthwiseShapes: readonly ConvolutionShape[] = [
  { title: "one of everything", x: [1, 1, 1, 1], kernel: [1, 1, 1, 1] },
  { title: "RGB", x: [2, 7, 6, 3], kernel: [3, 3, 3, 1] },
  { title: "a vector of channels, same", x: [1, 9, 8, 16], kernel: [3, 3, 16, 1], pad: [1, 1], size: [9, 8] },
  { title: "one more than a vector", x: [2, 5, 7, 17], kernel: [3, 3, 17, 1], pad: [1, 1], size: [5, 7] },
  {
    title: "two vectors and one, stride 2",
    x: [2, 8, 9, 33],
    kernel: [3, 3, 33, 1],
    stride: [2, 2],
    pad: [0, 1],
    size: [4, 5],
  },
  { title: "multiplier 2", x: [1, 6, 5, 17], kernel: [3, 3, 17, 2], pad: [1, 1], size: [6, 5] },
  { title: "multiplier 3, stride 2 and 1", x: [2, 7, 5, 3], kernel: [3, 2, 3, 3], stride: [2, 1] },
  {
    title: "5x5, stride 2",
    x: [1, 14, 13, 16],
    kernel: [5, 5, 16, 1],
    stride: [2, 2],
    pad: [2, 2],
    size: [7, 7],
  },
  {
    title: "a kernel larger than the image",
    x: [2, 3, 2, 5],
    kernel: [6, 7, 5, 1],
    pad: [2, 3],
    size: [3, 2],
  },
  { title: "stride beyond the kernel", x: [1, 9, 10, 2], kernel: [2, 2, 2, 1], stride: [3, 3] },
  {
    title: "a plane of more than a task",
    x: [3, 41, 38, 20],
    kernel: [3, 3, 20, 1],
    pad: [1, 1],
    size: [41, 38],
  },
];

const eachDepthwise = (
  make: (
    shape: ConvolutionShape,
    sizes: ConvolutionSizes,
    y: readonly number[],
  ) => Pick<OperationCase, "inputs" | "attributes">,
): OperationCase[] =>
  depthwiseShapes.map((shape) => {
    const sizes = sizesOf(shape);
    const y = [shape.x[0], ...sizes.size, shape.kernel[2] * shape.kernel[3]];
    return { title: shape.title, tolerance: exact, ...make(shape, sizes, y) };
  });

// ---- batch normalisation ----

/** Kinds of x: as after a layer, and with a mean that is far more than the deviation. */
const normalized: readonly {
  readonly shape: readonly number[];
  readonly range: readonly [number, number];
}[] = [
  { shape: [5, 1], range: [-1, 3] },
  { shape: [7, 3], range: [-3, 3] },
  { shape: [2, 5, 7, 3], range: [0, 1] },
  { shape: [3, 4, 5, 16], range: [-3, 3] },
  { shape: [2, 13, 11, 17], range: [-1, 5] },
  { shape: [4, 17, 19, 33], range: [-3, 3] },
  { shape: [2, 30, 29, 17], range: [99, 101] },
  { shape: [1, 3, 3, 5], range: [999, 1001] },
];

/** Statistics near those of x, but not they: what is computed from them must come from them. */
const eachNorm = (
  tolerance: Tolerance,
  activations: readonly number[],
  make: (
    shape: readonly number[],
    x: InputCase,
    statistics: OperationCase["inputs"],
  ) => OperationCase["inputs"],
  attributes: Readonly<Record<string, number>> = { epsilon: 1e-3 },
): OperationCase[] =>
  activations.flatMap((activation) =>
    normalized.map(({ shape, range: [lowest, highest] }) => {
      const channels = shape.slice(-1);
      const middle = (lowest + highest) / 2;
      const parameters = { gamma: real(channels, -2, 2), beta: real(channels, -1, 4) };
      const mean = real(channels, middle - 0.1, middle + 0.1);
      const variance = real(channels, 0.1, 2);
      return {
        title: `${shape.join("x")} of ${lowest} to ${highest}, activation ${activation}`,
        inputs: make(shape, real(shape, lowest, highest), { ...parameters, mean, variance }),
        attributes: { ...attributes, activation },
        tolerance,
      };
    }),
  );

// ---- pools ----

const poolWindows: readonly {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly y: readonly [number, number];
  readonly pool: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad?: readonly [number, number];
}[] = [
  { title: "one pixel", x: [1, 1, 1, 1], y: [1, 1], pool: [1, 1], stride: [1, 1] },
  { title: "2x2", x: [2, 6, 8, 17], y: [3, 4], pool: [2, 2], stride: [2, 2] },
  { title: "rows left over", x: [1, 7, 9, 5], y: [3, 4], pool: [2, 2], stride: [2, 2] },
  { title: "overlapping", x: [2, 9, 8, 3], y: [7, 6], pool: [3, 3], stride: [1, 1] },
  { title: "same, 3x3", x: [1, 7, 5, 33], y: [4, 3], pool: [3, 3], stride: [2, 2], pad: [1, 1] },
  { title: "same, 2x4", x: [3, 5, 7, 2], y: [5, 4], pool: [2, 4], stride: [1, 2], pad: [0, 1] },
  { title: "stride beyond the pool", x: [1, 11, 11, 4], y: [3, 3], pool: [2, 2], stride: [4, 4] },
  { title: "more places than a byte counts", x: [2, 19, 17, 5], y: [2, 2], pool: [16, 16], stride: [3, 1] },
];

const eachWindow = (
  tolerance: Tolerance,
  make: (
    x: readonly number[],
    y: readonly number[],
    window: Readonly<Record<string, number>>,
  ) => Pick<OperationCase, "inputs" | "attributes">,
): OperationCase[] =>
  poolWindows.map(({ title, x, y, pool, stride, pad = [0, 0] }) => {
    const [poolHeight, poolWidth] = pool;
    const [strideHeight, strideWidth] = stride;
    const window = { poolHeight, poolWidth, strideHeight, strideWidth, padTop: pad[0], padLeft: pad[1] };
    return { title, tolerance, ...make(x, [x[0], ...y, x[3]], window) };
  });

const inputSize = (x: readonly number[]) => ({ inputHeight: x[1], inputWidth: x[2] });
const outputSize = (y: readonly number[]) => ({ outputHeight: y[1], outputWidth: y[2] });

const globalShapes = [
  [1, 1, 1, 1],
  [3, 5, 7, 17],
  [2, 13, 12, 3],
];

// ---- elementwise ----

/** Nothing, one, less and more than a vector, more than a piece of work. */
const lengths: readonly (readonly number[])[] = [[1], [7], [3, 17], [2, 3, 5, 2], [16384 * 2 + 5]];

const mapOf = (
  attributes: Readonly<Record<string, number>> = {},
  [lowest, highest]: readonly [number, number] = [-9, 9],
): OperationCase[] => [
  ...lengths.map((shape) => ({
    title: shape.join("x"),
    inputs: { x: real(shape, lowest, highest) },
    attributes,
    tolerance: rounding,
  })),
  {
    title: "near zero",
    inputs: { x: real([65], -1e-3, 1e-3) },
    attributes,
    tolerance: rounding,
  },
  {
    title: "far from zero",
    inputs: { x: real([65], lowest * 10, highest * 10) },
    attributes,
    tolerance: rounding,
  },
];

const slopeOf = (
  attributes: Readonly<Record<string, number>> = {},
  [lowest, highest]: readonly [number, number] = [-9, 9],
): OperationCase[] =>
  lengths.map((shape) => ({
    title: shape.join("x"),
    inputs: { dy: real(shape, -1, 1), from: real(shape, lowest, highest) },
    attributes,
    tolerance: rounding,
  }));

const rows: readonly (readonly number[])[] = [
  [1, 1],
  [5, 3],
  [7, 17],
  [300, 33],
  [2, 1000],
];

const titled = (shape: readonly number[]) => ({ title: shape.join("x") });

// ---- matrices ----

const products: readonly (readonly [rows: number, inner: number, columns: number])[] = [
  [1, 1, 1],
  [3, 5, 7],
  [32, 17, 33],
  [27, 1500, 256],
  [13, 300, 1],
  [100, 7, 300],
  [9, 1023, 49],
  [70, 300, 290],
  [197, 5, 40],
  [2, 100, 77],
  [1, 131, 529],
];

const eachProduct = (
  make: (rows: number, inner: number, columns: number) => OperationCase["inputs"],
): OperationCase[] =>
  products.map((product) => ({
    title: product.join("x"),
    inputs: make(...product),
    attributes: {},
    tolerance: exact,
  }));

const biased: readonly (readonly number[])[] = [
  [1, 1],
  [2, 3, 5, 17],
  [700, 33],
  [5, 1],
  [1, 4099],
];

// ---- losses ----

const lossOf = (x: Fill, labels: Fill): OperationCase[] =>
  rows.map((shape) => ({
    ...titled(shape),
    inputs: { x: { shape, fill: x }, labels: { shape, fill: labels } },
    attributes: {},
    tolerance: rounding,
  }));
const logits: Fill = { range: [-15, 15] };
const probabilities: Fill = { range: [-0.02, 1.02] };
const positive: Fill = { range: [0.01, 1] };
const binary: Fill = { integers: [0, 1] };

// ---- updates ----

const updateOf = (
  attributes: Readonly<Record<string, number>>,
  slots: (shape: readonly number[]) => OperationCase["inputs"],
): OperationCase[] =>
  lengths.map((shape) => ({
    ...titled(shape),
    inputs: {
      weights: real(shape, -1, 1),
      gradients: real(shape, -1, 1),
      ...slots(shape),
      settings: real([1], 0.001, 0.1),
    },
    attributes,
    tolerance: rounding,
  }));

/** Shapes and values that every backend has to get right, for every operation. */
export const operationCases: Readonly<Record<OperationName, readonly OperationCase[]>> = {
  conv2d: eachConvolution((_, { x, kernel, window, size }) => ({
    inputs: { x, kernel },
    attributes: { ...window, outputHeight: size[0], outputWidth: size[1] },
  })),
  conv2dInputGradient: eachConvolution((shape, { kernel, window, size, filters }) => ({
    inputs: { dy: whole([shape.x[0], ...size, filters]), kernel },
    attributes: { ...window, ...inputSize(shape.x) },
  })),
  conv2dKernelGradient: eachConvolution(
    (shape, { x, window, size, filters }) => ({
      inputs: { x, dy: whole([shape.x[0], ...size, filters]) },
      attributes: { ...window, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
    }),
    [...convolutionShapes, ...blockShapes],
  ),
  convBias: eachActivation(
    (activation) =>
      eachConvolution((_, { x, kernel, bias, window, size }) => ({
        inputs: { x, kernel, bias },
        attributes: { ...window, activation, convHeight: size[0], convWidth: size[1] },
      })),
    [0, 1, 2],
  ),
  convBiasKernelGradient: eachActivation(
    (activation) =>
      eachConvolution(
        (shape, { x, window, size, filters }) => {
          const y = [shape.x[0], ...size, filters];
          // some of y at ReLU6's ceiling, some beyond
          return {
            inputs: { x, dy: whole(y), y: whole(y, activation === 2 ? 8 : 2) },
            attributes: {
              ...window,
              activation,
              kernelHeight: shape.kernel[0],
              kernelWidth: shape.kernel[1],
            },
          };
        },
        [...convolutionShapes, ...blockShapes],
      ),
    [0, 1, 2],
  ),
  convBiasInputGradient: eachActivation(
    (activation) =>
      eachConvolution((shape, { kernel, window, size, filters }) => {
        const y = [shape.x[0], ...size, filters];
        return {
          inputs: { dy: whole(y), y: whole(y, activation === 2 ? 8 : 2), kernel },
          attributes: { ...window, activation, ...inputSize(shape.x) },
        };
      }),
    [0, 1, 2],
  ),
  convPool: eachPool((_, { x, kernel, bias }, attributes) => ({ inputs: { x, kernel, bias }, attributes })),
  convPoolInference: eachPool((_, { x, kernel, bias }, attributes) => ({
    inputs: { x, kernel, bias },
    attributes,
  })),
  convPoolKernelGradient: eachPool((shape, { x }, attributes, y) => ({
    inputs: { x, dy: whole(y), position: winners(y, attributes) },
    attributes: { ...attributes, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
  })),
  convPoolInputGradient: eachPool((shape, { kernel }, attributes, y) => ({
    inputs: { dy: whole(y), position: winners(y, attributes), kernel },
    attributes: { ...attributes, ...inputSize(shape.x) },
  })),

  depthwiseConv2d: eachDepthwise((_, { x, kernel, window, size }) => ({
    inputs: { x, kernel },
    attributes: { ...window, outputHeight: size[0], outputWidth: size[1] },
  })),
  depthwiseConv2dInputGradient: eachDepthwise((shape, { kernel, window }, y) => ({
    inputs: { dy: whole(y), kernel },
    attributes: { ...window, ...inputSize(shape.x) },
  })),
  depthwiseConv2dKernelGradient: eachDepthwise((shape, { x, window }, y) => ({
    inputs: { x, dy: whole(y) },
    attributes: { ...window, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
  })),
  depthwiseBias: [0, 1, 2].flatMap((activation) =>
    eachDepthwise((_, { x, kernel, window, size }, y) => ({
      inputs: { x, kernel, bias: whole(y.slice(-1)) },
      attributes: { ...window, activation, convHeight: size[0], convWidth: size[1] },
    })),
  ),

  batchNorm: eachNorm(normal, [0, 1, 2], (_shape, x, { gamma, beta }) => ({ x, gamma, beta })),
  batchNormParameterGradient: eachNorm(longSum, [0, 1, 2], (shape, x, statistics) => ({
    x,
    dy: real(shape, -1, 1),
    ...statistics,
  })),
  batchNormInputGradient: eachNorm(normal, [0, 1, 2], (shape, x, statistics) => ({
    x,
    dy: real(shape, -1, 1),
    ...statistics,
    dgamma: real(shape.slice(-1), -5, 5),
    dbeta: real(shape.slice(-1), -5, 5),
  })),
  movingAverage: lengths.map((shape) => ({
    ...titled(shape),
    inputs: { moving: real(shape), value: real(shape) },
    attributes: { momentum: 0.99 },
    tolerance: rounding,
  })),
  scaleShift: eachNorm(
    normal,
    [0, 1, 2],
    (_shape, x, { gamma, beta }) => ({ x, scale: gamma, shift: beta }),
    {},
  ),
  foldBatchNorm: [[1, 1, 1, 1], [3, 3, 3, 17], [3, 3, 17, 2], [1, 1, 40, 33], [5]].map((kernel) => {
    const channels = [kernel[kernel.length - 1] === 2 ? 34 : kernel[kernel.length - 1]];
    const vectors = {
      bias: real(channels),
      gamma: real(channels),
      beta: real(channels),
      mean: real(channels),
    };
    return {
      ...titled(kernel),
      inputs: { kernel: real(kernel), ...vectors, variance: real(channels, 0.01, 4) },
      attributes: { epsilon: 1e-3 },
      tolerance: folding,
    };
  }),

  matmul: eachProduct((m, k, n) => ({ x: whole([m, k]), kernel: whole([k, n]) })),
  matmulInputGradient: eachProduct((m, k, n) => ({ dy: whole([m, n]), kernel: whole([k, n]) })),
  matmulKernelGradient: eachProduct((m, k, n) => ({ x: whole([m, k]), dy: whole([m, n]) })),
  addBias: biased.map((shape) => ({
    ...titled(shape),
    inputs: { x: whole(shape), bias: whole([shape[shape.length - 1]]) },
    attributes: {},
    tolerance: exact,
  })),
  biasGradient: biased.map((shape) => ({
    ...titled(shape),
    inputs: { dy: whole(shape) },
    attributes: {},
    tolerance: exact,
  })),

  add: lengths.map((shape) => ({
    ...titled(shape),
    inputs: { a: whole(shape), b: whole(shape) },
    attributes: {},
    tolerance: exact,
  })),
  fill: [1, 17, 16384 + 5].map((length) => ({
    title: `${length}`,
    inputs: {},
    attributes: { value: 1.5, length },
    tolerance: exact,
  })),
  rescale: lengths.flatMap((shape) => [
    {
      title: `${shape.join("x")} float32`,
      inputs: { x: real(shape, 0, 255) },
      attributes: { scale: 1 / 127.5, offset: -1 },
      tolerance: rounding,
    },
    {
      title: `${shape.join("x")} uint8`,
      inputs: { x: { shape, dtype: "uint8" as const, fill: { integers: [0, 255] } } },
      attributes: { scale: 1 / 255, offset: 0.5 },
      tolerance: rounding,
    },
  ]),
  dropout: [0, 0.3, 0.5, 0.999, 1].flatMap((rate) =>
    lengths.map((shape) => ({
      title: `${shape.join("x")}, rate ${rate}`,
      inputs: {
        x: real(shape, 1, 2),
        random: { shape: [4], dtype: "uint32" as const, fill: { integers: [0, 2 ** 32 - 1] } },
      },
      attributes: { rate, stream: 3 },
      tolerance: rounding,
    })),
  ),

  relu: mapOf(),
  reluGradient: slopeOf(),
  relu6: mapOf(),
  relu6Gradient: slopeOf(),
  leakyRelu: mapOf({ slope: 0.3 }),
  leakyReluGradient: slopeOf({ slope: 0.3 }),
  elu: mapOf({ alpha: 1.5 }),
  eluGradient: slopeOf({ alpha: 1.5 }),
  selu: mapOf(),
  seluGradient: slopeOf(),
  sigmoid: mapOf(),
  sigmoidGradient: slopeOf({}, [0, 1]),
  tanh: mapOf(),
  tanhGradient: slopeOf({}, [-1, 1]),
  exponential: mapOf(),
  exponentialGradient: slopeOf({}, [0, 9]),
  softplus: mapOf(),
  softplusGradient: slopeOf(),
  softsign: mapOf(),
  softsignGradient: slopeOf(),
  silu: mapOf(),
  siluGradient: slopeOf(),
  gelu: mapOf(),
  geluGradient: slopeOf(),
  geluApproximate: mapOf(),
  geluApproximateGradient: slopeOf().map((one) => ({ ...one, tolerance: steep })),
  hardSigmoid: mapOf(),
  hardSigmoidGradient: slopeOf(),
  mish: mapOf(),
  mishGradient: slopeOf(),
  softmax: rows.map((shape) => ({
    ...titled(shape),
    inputs: { x: real(shape, -20, 20) },
    attributes: {},
    tolerance: sum,
  })),
  softmaxGradient: rows.map((shape) => ({
    ...titled(shape),
    inputs: { dy: real(shape, -1, 1), from: real(shape, 0, 1 / shape[1]) },
    attributes: {},
    tolerance: sum,
  })),

  maxPool2d: eachWindow(exact, (x, y, window) => ({
    inputs: { x: whole(x) },
    attributes: { ...window, ...outputSize(y) },
  })),
  maxPool2dGradient: eachWindow(exact, (x, y, window) => {
    const attributes = { ...window, ...inputSize(x) };
    const dtype = window.poolHeight * window.poolWidth <= 255 ? "uint8" : "int32";
    const position: InputCase = { shape: y, dtype, fill: { winnersOf: attributes } };
    return { inputs: { dy: whole(y), position }, attributes };
  }),
  averagePool2d: eachWindow(rounding, (x, y, window) => ({
    inputs: { x: real(x) },
    attributes: { ...window, ...outputSize(y) },
  })),
  averagePool2dGradient: eachWindow(rounding, (x, y, window) => ({
    inputs: { dy: real(y) },
    attributes: { ...window, ...inputSize(x) },
  })),
  globalAveragePool2d: globalShapes.map((x) => ({
    ...titled(x),
    inputs: { x: real(x) },
    attributes: {},
    tolerance: sum,
  })),
  globalAveragePool2dGradient: globalShapes.map((x) => ({
    ...titled(x),
    inputs: { dy: real([x[0], x[3]]) },
    attributes: inputSize(x),
    tolerance: rounding,
  })),

  sigmoidCrossEntropy: lossOf(logits, binary),
  sigmoidCrossEntropyGradient: lossOf(logits, binary),
  binaryCrossEntropy: lossOf(probabilities, binary),
  binaryCrossEntropyGradient: lossOf(probabilities, binary),
  softmaxCrossEntropy: lossOf(logits, { oneHot: true }),
  softmaxCrossEntropyGradient: lossOf(logits, { oneHot: true }),
  categoricalCrossEntropy: lossOf(positive, { oneHot: true }),
  categoricalCrossEntropyGradient: lossOf(positive, { oneHot: true }),

  sgdUpdate: updateOf({}, () => ({})),
  momentumUpdate: [
    ...updateOf({ momentum: 0.9, nesterov: 0 }, (shape) => ({ velocity: real(shape, -1, 1) })),
    ...updateOf({ momentum: 0.9, nesterov: 1 }, (shape) => ({ velocity: real(shape, -1, 1) })),
  ],
  adamUpdate: updateOf({ beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, (shape) => ({
    momentum: real(shape, -1, 1),
    velocity: real(shape, 0, 1),
  })),

  multiplyAddChains: [1, 3].flatMap((rows) =>
    [1, 2, 7].map((repeats) => ({
      title: `${rows} rows, ${repeats} repeats`,
      inputs: { x: whole([rows, 192]) },
      attributes: { repeats, factor: 0.5, term: 1 },
      tolerance: exact,
    })),
  ),
  triad: lengths.flatMap((shape) =>
    [0, 1].map((streaming) => ({
      title: `${shape.join("x")}, streaming ${streaming}`,
      inputs: { a: real(shape), b: real(shape) },
      attributes: { factor: 3, streaming },
      tolerance: rounding,
    })),
  ),
};
