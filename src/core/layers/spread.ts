import { elementCount } from "../../util/shapes.ts";
import { depthwiseConv2dInputGradient } from "../operations/depthwise.ts";
import { fill } from "../operations/elementwise.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";

type Pair = readonly [number, number];

/**
 * Each pixel of an image in `size` pixels, `step` apart, zeros between and behind: the transpose of a window that adds.
 * x [batch, height, width, channels] to [batch, outputHeight, outputWidth, channels].
 */
export function spread(recorder: Recorder, x: Tensor, size: Pair, step: Pair, output: Pair): Tensor {
  const channels = x.shape[3];
  const ones = recorder.apply(fill, {}, { value: 1, length: size[0] * size[1] * channels }).y;
  const kernel = recorder.view(ones, [...size, channels, 1]);
  const window = { strideHeight: step[0], strideWidth: step[1], padTop: 0, padLeft: 0 };
  const sides = { inputHeight: output[0], inputWidth: output[1] };
  return recorder.apply(depthwiseConv2dInputGradient, { dy: x, kernel }, { ...window, ...sides }).dx;
}

/** A kernel [height, width, in, out] with zeros between its weights, so that it takes one of every `rate` pixels. */
export function dilate(recorder: Recorder, kernel: Tensor, rate: Pair): Tensor {
  if (rate[0] === 1 && rate[1] === 1) return kernel;
  const [height, width, ...channels] = kernel.shape;
  const image = recorder.view(kernel, [1, height, width, elementCount(channels)]);
  const sides: Pair = [(height - 1) * rate[0] + 1, (width - 1) * rate[1] + 1];
  return recorder.view(spread(recorder, image, [1, 1], rate, sides), [...sides, ...channels]);
}
