import type { Interpolation } from "./preprocessing.ts";

/** For each output position along one axis: which input positions count, and how much. */
export interface Spans {
  /** Input positions that most outputs use at most; the step from one output's weights to the next one's. */
  readonly taps: number;
  /** First input position and count of each output. */
  readonly ranges: Int32Array;
  /** `taps` for each output, of which the first `count` are of use. */
  readonly weights: Float32Array;
}

/** The weights of one output, from the input position `start` on. */
interface Span {
  readonly start: number;
  readonly weights: readonly number[];
}

const { fround } = Math;

/**
 * How `tf.image.resize` resizes along one axis, with half-pixel centres. What TensorFlow computes with tables (bicubic without
 * antialias) or clamps (area) is done alike, to 1e-4 of its values.
 */
export function spansFor(
  interpolation: Interpolation,
  antialias: boolean,
  inputSize: number,
  outputSize: number,
): Spans {
  const span = spanFunction(interpolation, antialias, inputSize, outputSize);
  const spans = Array.from({ length: outputSize }, (_, position) => span(position));
  const taps = Math.max(...spans.map(({ weights }) => weights.length));
  const packed: Spans = {
    taps,
    ranges: new Int32Array(outputSize * 2),
    weights: new Float32Array(outputSize * taps),
  };
  for (const [i, { start, weights }] of spans.entries()) {
    packed.ranges.set([start, weights.length], i * 2);
    packed.weights.set(weights, i * taps);
  }
  return packed;
}

function spanFunction(
  interpolation: Interpolation,
  antialias: boolean,
  inputSize: number,
  outputSize: number,
): (position: number) => Span {
  const scale = fround(inputSize / outputSize);
  if (interpolation === "nearest") return (position) => nearestSpan(position, scale, inputSize);
  if (interpolation === "area") return (position) => areaSpan(position, scale, inputSize);
  if (interpolation === "bicubic" && !antialias) return (position) => cubicSpan(position, scale, inputSize);
  const kernel = kernels[interpolation];
  return (position) => kernelSpan(position, inputSize / outputSize, inputSize, kernel, antialias);
}

/** @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/resize_nearest_neighbor_op.cc */
function nearestSpan(position: number, scale: number, inputSize: number): Span {
  const start = Math.floor(fround(fround(position + 0.5) * scale));
  return { start: Math.min(start, inputSize - 1), weights: [1] };
}

/**
 * The mean over the input pixels that an output pixel covers, each by the share that is covered.
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/resize_area_op.cc
 */
function areaSpan(position: number, scale: number, inputSize: number): Span {
  const [from, to] = [fround(position * scale), fround((position + 1) * scale)];
  const start = Math.min(Math.floor(from), inputSize - 1);
  const end = Math.max(Math.min(Math.ceil(to), inputSize), start + 1);
  const covered = (i: number) => {
    if (i < from) return i + 1 > to ? scale : i + 1 - from;
    return i + 1 > to ? to - i : 1;
  };
  return { start, weights: Array.from({ length: end - start }, (_, i) => covered(start + i) / scale) };
}

/** TensorFlow looks the cubic up in a table of this many steps between two pixels. */
const CUBIC_STEPS = 1024;

/**
 * Four pixels by Keys's cubic; those outside do not count, and the others make up for them.
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/resize_bicubic_op.cc
 */
function cubicSpan(position: number, scale: number, inputSize: number): Span {
  const place = fround(fround(fround(position + 0.5) * scale) - 0.5);
  const floor = Math.floor(place);
  const share = Math.round(fround(place - floor) * CUBIC_STEPS) / CUBIC_STEPS;
  const start = Math.max(floor - 1, 0);
  const end = Math.min(floor + 3, inputSize);
  const weights = Array.from({ length: end - start }, (_, i) =>
    keysCubic(Math.abs(start + i - floor - share)),
  );
  return { start, weights: normalized(weights) };
}

interface Kernel {
  readonly radius: number;
  /** The weight at this distance, in pixels. */
  readonly at: (distance: number) => number;
}

const kernels: Readonly<Record<"bilinear" | "bicubic" | "lanczos3" | "lanczos5", Kernel>> = {
  bilinear: { radius: 1, at: (x) => Math.max(1 - x, 0) },
  bicubic: { radius: 2, at: keysCubic },
  lanczos3: { radius: 3, at: lanczos(3) },
  lanczos5: { radius: 5, at: lanczos(5) },
};

/**
 * A kernel around where the output pixel's centre falls. With antialias it is as wide as what falls on one output pixel.
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/scale_and_translate_op.cc
 */
function kernelSpan(
  position: number,
  scale: number,
  inputSize: number,
  { radius, at }: Kernel,
  antialias: boolean,
): Span {
  const inverse = fround(1 / fround(1 / scale)); // as TensorFlow: the scale it is given is the other way round
  const stretch = antialias ? Math.max(inverse, 1) : 1;
  const centre = fround(fround(position + 0.5) * inverse);
  const reach = fround(radius * stretch);
  const start = clamp(Math.ceil(fround(fround(centre - reach) - 0.5)), inputSize);
  const end = clamp(Math.floor(fround(fround(centre + reach) - 0.5)), inputSize) + 1;
  const weights = Array.from({ length: end - start }, (_, i) =>
    at(Math.abs(start + i + 0.5 - centre) / stretch),
  );
  return { start, weights: normalized(weights) };
}

const clamp = (index: number, size: number) => Math.min(Math.max(index, 0), size - 1);

function normalized(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => fround(a + fround(b)), 0);
  return weights.map((weight) => fround(weight) * fround(1 / sum));
}

/** Keys 1981 with a = -1/2. */
function keysCubic(x: number): number {
  if (x >= 2) return 0;
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1;
}

function lanczos(radius: number): (x: number) => number {
  return (x) => {
    if (x > radius) return 0;
    if (x <= 1e-3) return 1;
    const angle = Math.PI * x;
    return (radius * Math.sin(angle) * Math.sin(angle / radius)) / (angle * angle);
  };
}
