import { z } from "zod";

/** No image is so large; with more, places in a window would be no 32-bit numbers. */
const LONGEST_SIDE = 2 ** 15;

const side = z.number().int().positive().max(LONGEST_SIDE);

/** A height and a width; one number stands for both. */
export const pairSchema = z.union([side.transform((n): [number, number] => [n, n]), z.tuple([side, side])]);

export const paddingSchema = z.enum(["valid", "same"]).default("valid");

/** Channels come last here; a file that says otherwise is refused. */
export const dataFormatSchema = z.literal("channels_last").nullish();

/** Of every how many pixels a kernel's next weight takes one. */
export const dilationSchema = pairSchema.default([1, 1]);

/** A window that moves over height and width. */
export interface Window {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: "valid" | "same";
  /** One pixel unless it says otherwise. */
  readonly dilationRate?: readonly [number, number];
}

export interface WindowGeometry {
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
}

/**
 * Output size and padding as TensorFlow defines them: "valid" takes whole windows only; "same" gives ceil(input / stride)
 * outputs and puts the odd pixel of padding at the bottom and the right.
 */
export function windowGeometry(inputShape: readonly number[], window: Window): WindowGeometry {
  if (inputShape.length !== 3) {
    throw new RangeError(`Expected height, width and channels, found ${inputShape.length} axes`);
  }
  const { dilationRate = [1, 1], strides, padding } = window;
  const size = window.size.map((side, axis) => (side - 1) * dilationRate[axis] + 1);
  const [vertical, horizontal] = [0, 1].map((axis) =>
    along(inputShape[axis], size[axis], strides[axis], padding),
  );
  if (vertical.output < 1 || horizontal.output < 1) {
    const [height, width] = size;
    throw new RangeError(
      `Expected an image of at least ${height}x${width} pixels, found ${inputShape[0]}x${inputShape[1]}`,
    );
  }
  return {
    strideHeight: strides[0],
    strideWidth: strides[1],
    padTop: vertical.pad,
    padLeft: horizontal.pad,
    outputHeight: vertical.output,
    outputWidth: horizontal.output,
  };
}

function along(input: number, size: number, stride: number, padding: Window["padding"]) {
  if (padding === "valid") return { output: Math.floor((input - size) / stride) + 1, pad: 0 };
  const output = Math.ceil(input / stride);
  return { output, pad: Math.floor(Math.max((output - 1) * stride + size - input, 0) / 2) };
}
