import {
  exact,
  type Fill,
  type InputCase,
  type OperationCase,
  rounding,
  type Tolerance,
} from "./operation-case.ts";

export const whole = (shape: readonly number[], highest = 3): InputCase => ({
  shape,
  fill: { integers: [-highest, highest] },
});
export const real = (shape: readonly number[], lowest = -3, highest = 3): InputCase => ({
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

/**
 * What Winograd's tiles of 2 x 2 pixels meet: just one, a row and a column left over, more than are summed at a time,
 * several blocks of them, and channels that fill no vector.
 */
export const winogradShapes: readonly ConvolutionShape[] = [
  { title: "Winograd, one tile", x: [1, 4, 4, 17], kernel: [3, 3, 17, 16] },
  { title: "Winograd, same, odd", x: [3, 7, 5, 19], kernel: [3, 3, 19, 37], pad: [1, 1], size: [7, 5] },
  { title: "Winograd, same, even", x: [2, 8, 12, 34], kernel: [3, 3, 34, 47], pad: [1, 1], size: [8, 12] },
  { title: "Winograd, full", x: [1, 5, 4, 16], kernel: [3, 3, 16, 21], pad: [2, 2], size: [7, 6] },
  { title: "Winograd, below only", x: [1, 6, 9, 20], kernel: [3, 3, 20, 24], pad: [0, 0], size: [6, 9] },
  { title: "Winograd, blocks", x: [1, 13, 29, 130], kernel: [3, 3, 130, 40], pad: [1, 1], size: [13, 29] },
  { title: "Winograd, many filters", x: [2, 5, 6, 16], kernel: [3, 3, 16, 291], pad: [1, 1], size: [5, 6] },
  { title: "Winograd, bands", x: [1, 77, 63, 16], kernel: [3, 3, 16, 32] },
  { title: "Winograd, near, two chunks", x: [2, 9, 37, 31], kernel: [3, 3, 31, 16] },
];

/** 1, primes, one more than a vector, more than a tile, strides, paddings, kernels beyond the image, several bands. */
export const convolutionShapes: readonly ConvolutionShape[] = [
  { title: "one of everything", x: [1, 1, 1, 1], kernel: [1, 1, 1, 1] },
  { title: "primes", x: [2, 5, 7, 3], kernel: [3, 3, 3, 17] },
  { title: "a vector of channels", x: [1, 7, 29, 16], kernel: [3, 3, 16, 32] },
  { title: "a first layer, RGB", x: [2, 9, 39, 3], kernel: [3, 3, 3, 32] },
  { title: "a first layer, grey", x: [3, 7, 10, 1], kernel: [3, 3, 1, 16], pad: [1, 1], size: [7, 10] },
  { title: "RGB, a vector of filters", x: [2, 9, 33, 3], kernel: [3, 3, 3, 16], pad: [1, 1], size: [9, 33] },
  { title: "RGB, five rows", x: [1, 12, 15, 3], kernel: [5, 3, 3, 7] },
  { title: "RGB, in two steps down", x: [1, 11, 31, 3], kernel: [3, 3, 3, 35], stride: [2, 1] },
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
  { title: "several bands", x: [1, 77, 63, 15], kernel: [3, 3, 15, 32] },
  ...winogradShapes,
];

/** What the dense kernel gradient cuts otherwise: kernels into blocks, wide rows into columns, several images together. */
export const blockShapes: readonly ConvolutionShape[] = [
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

/** Weights that are larger than all else, so that they are taken as they lie: 64 pixels at most, and more where there are 2^20 of them. */
export const weightShapes: readonly ConvolutionShape[] = [
  {
    title: "few pixels",
    x: [2, 7, 9, 57],
    kernel: [3, 3, 57, 131],
    stride: [2, 2],
    pad: [1, 1],
    size: [4, 5],
  },
  { title: "few pixels, 1x1", x: [1, 7, 7, 300], kernel: [1, 1, 300, 229] },
  { title: "a pixel", x: [1, 3, 2, 129], kernel: [3, 2, 129, 96] },
  {
    title: "few pixels, beyond the image",
    x: [1, 2, 3, 90],
    kernel: [5, 4, 90, 40],
    pad: [3, 2],
    size: [4, 4],
  },
  {
    title: "more pixels",
    x: [1, 14, 15, 91],
    kernel: [3, 3, 91, 1281],
    stride: [2, 1],
    pad: [1, 0],
    size: [7, 13],
  },
];

/** Padding around rows of 20 pixels and more, whose windows are cut in place of copying x: on all sides, on two, several pixels deep. */
export const edgeShapes: readonly ConvolutionShape[] = [
  { title: "edges, same", x: [2, 5, 23, 7], kernel: [3, 3, 7, 33], pad: [1, 1], size: [5, 23] },
  {
    title: "edges, below and right",
    x: [3, 6, 44, 5],
    kernel: [3, 3, 5, 64],
    stride: [2, 2],
    size: [3, 22],
  },
  {
    title: "edges, 7x7",
    x: [2, 9, 51, 3],
    kernel: [7, 7, 3, 40],
    stride: [2, 2],
    pad: [3, 3],
    size: [5, 26],
  },
  {
    title: "edges, 4x5, strides 2 and 3",
    x: [1, 70, 61, 2],
    kernel: [4, 5, 2, 18],
    stride: [2, 3],
    pad: [1, 2],
    size: [35, 21],
  },
  {
    title: "edges too deep",
    x: [1, 4, 25, 2],
    kernel: [3, 11, 2, 18],
    pad: [1, 5],
    size: [4, 25],
  },
  {
    title: "edges beyond x",
    x: [1, 3, 20, 2],
    kernel: [2, 3, 2, 18],
    stride: [2, 1],
    pad: [2, 0],
    size: [3, 22],
  },
  { title: "panels in turn", x: [2, 3, 31, 6], kernel: [1, 1, 6, 96] },
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

export const eachConvolution = (
  make: (shape: ConvolutionShape, sizes: ConvolutionSizes) => Pick<OperationCase, "inputs" | "attributes">,
  shapes = convolutionShapes,
): OperationCase[] =>
  shapes.map((shape) => ({
    title: shape.title,
    tolerance: exact,
    ...make(shape, sizesOf(shape)),
  }));

export const eachActivation = (
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

export const eachPool = (
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

export const winners = (
  shape: readonly number[],
  attributes: Readonly<Record<string, number>>,
): InputCase => ({
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
  // rows of a whole tile, of two of them and a rest, and longer than those that short tiles serve
  {
    title: "a tile wide, padded at both sides",
    x: [1, 3, 7, 17],
    kernel: [5, 5, 17, 1],
    pad: [2, 2],
    size: [3, 7],
  },
  { title: "two tiles and a rest", x: [1, 4, 17, 17], kernel: [5, 5, 17, 1], pad: [2, 2], size: [4, 17] },
  {
    title: "a tile wide, stride 2",
    x: [1, 5, 14, 33],
    kernel: [5, 5, 33, 1],
    stride: [2, 2],
    pad: [1, 1],
    size: [3, 7],
  },
  // strips of four rows, with rows of x outside and all inside, and of three, two and one; many pictures a task
  { title: "strips", x: [1, 13, 9, 17], kernel: [5, 5, 17, 1], pad: [2, 2], size: [13, 9] },
  { title: "strips, 3x3", x: [2, 14, 5, 33], kernel: [3, 3, 33, 1], pad: [1, 1], size: [14, 5] },
  {
    title: "strips, stride 2",
    x: [1, 23, 9, 17],
    kernel: [5, 5, 17, 1],
    stride: [2, 2],
    pad: [2, 2],
    size: [12, 5],
  },
  { title: "strips of 17 pictures", x: [17, 6, 5, 17], kernel: [5, 5, 17, 1], pad: [2, 2], size: [6, 5] },
  {
    title: "strips of 9 pictures, stride 2",
    x: [9, 13, 6, 16],
    kernel: [5, 5, 16, 1],
    stride: [2, 2],
    pad: [2, 2],
    size: [7, 3],
  },
  { title: "a long row", x: [1, 2, 31, 17], kernel: [3, 3, 17, 1], pad: [1, 1], size: [2, 31] },
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
  // as layers pad, crop, thin out and multiply pixels
  {
    title: "short of the edges",
    x: [2, 9, 11, 17],
    kernel: [1, 1, 17, 1],
    pad: [-2, -1],
    size: [4, 7],
  },
  { title: "short of the edges, 3x3", x: [1, 9, 12, 5], kernel: [3, 3, 5, 1], pad: [-1, -3], size: [6, 4] },
  { title: "every third pixel", x: [1, 7, 10, 33], kernel: [1, 1, 33, 1], stride: [3, 3], size: [3, 4] },
  { title: "blocks", x: [2, 6, 10, 3], kernel: [3, 2, 3, 1], stride: [3, 2], size: [2, 5] },
  { title: "wide blocks", x: [1, 7, 14, 19], kernel: [7, 7, 19, 1], stride: [7, 7], size: [1, 2] },
  {
    title: "a plane of more than a task",
    x: [3, 41, 38, 20],
    kernel: [3, 3, 20, 1],
    pad: [1, 1],
    size: [41, 38],
  },
];

export const eachDepthwise = (
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
export const eachNorm = (
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

export const eachWindow = (
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

export const inputSize = (x: readonly number[]) => ({ inputHeight: x[1], inputWidth: x[2] });
export const outputSize = (y: readonly number[]) => ({ outputHeight: y[1], outputWidth: y[2] });

export const globalShapes = [
  [1, 1, 1, 1],
  [3, 5, 7, 17],
  [2, 13, 12, 3],
];

// ---- elementwise ----

/** Nothing, one, less and more than a vector, more than a piece of work. */
export const lengths: readonly (readonly number[])[] = [[1], [7], [3, 17], [2, 3, 5, 2], [16384 * 2 + 5]];

export const mapOf = (
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

/** Settings of a ReLU: with a limit, a slope, a threshold, all of them. */
export const bounded: readonly Readonly<Record<string, number>>[] = [
  { slope: 0, threshold: 0, maximum: 4 },
  { slope: 0.3, threshold: 1.5, maximum: 3.4028234663852886e38 },
  { slope: 0.1, threshold: 0.5, maximum: 6.5 },
];

/** Channels on the left and on the right of what lies side by side, and the sides before them: less and more than a vector, than a piece. */
export const channelParts: readonly (readonly [rest: readonly number[], left: number, right: number])[] = [
  [[1], 1, 1],
  [[3, 5, 7], 3, 16],
  [[2, 3], 17, 1],
  [[2, 31, 29], 33, 15],
  [[5], 16385, 3],
];

export const slopeOf = (
  attributes: Readonly<Record<string, number>> = {},
  [lowest, highest]: readonly [number, number] = [-9, 9],
): OperationCase[] =>
  lengths.map((shape) => ({
    title: shape.join("x"),
    inputs: { dy: real(shape, -1, 1), from: real(shape, lowest, highest) },
    attributes,
    tolerance: rounding,
  }));

export const rows: readonly (readonly number[])[] = [
  [1, 1],
  [5, 3],
  [7, 17],
  [300, 33],
  [2, 1000],
];

export const titled = (shape: readonly number[]) => ({ title: shape.join("x") });

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
  [7, 129, 258],
  [33, 530, 261],
  [33, 300, 250],
  [70, 530, 261],
  [35, 70, 1100],
  [2, 100, 77],
  [1, 131, 529],
  [2, 70, 4115],
];

export const eachProduct = (
  make: (rows: number, inner: number, columns: number) => OperationCase["inputs"],
): OperationCase[] =>
  products.map((product) => ({
    title: product.join("x"),
    inputs: make(...product),
    attributes: {},
    tolerance: exact,
  }));

export const biased: readonly (readonly number[])[] = [
  [1, 1],
  [2, 3, 5, 17],
  [700, 33],
  [5, 1],
  [1, 4099],
];

// ---- losses ----

export const lossOf = (x: Fill, labels: Fill): OperationCase[] =>
  rows.map((shape) => ({
    ...titled(shape),
    inputs: { x: { shape, fill: x }, labels: { shape, fill: labels } },
    attributes: {},
    tolerance: rounding,
  }));
export const logits: Fill = { range: [-15, 15] };
export const probabilities: Fill = { range: [-0.02, 1.02] };
export const positive: Fill = { range: [0.01, 1] };
export const binary: Fill = { integers: [0, 1] };

// ---- updates ----

export const updateOf = (
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
