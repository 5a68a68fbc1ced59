import { z } from "zod";
import { depthwiseConv2d } from "../operations/depthwise.ts";
import { fill } from "../operations/elementwise.ts";
import { defineLayer } from "./define.ts";
import { dataFormatSchema } from "./window.ts";

const count = z.number().int().nonnegative();
const side = z.union([count.transform((n): [number, number] => [n, n]), z.tuple([count, count])]);

/** [[top, bottom], [left, right]]; a number stands for both of a pair. */
const frameSchema = z.union([
  count.transform((n): [[number, number], [number, number]] => [
    [n, n],
    [n, n],
  ]),
  z.tuple([side, side]),
]);

type Frame = z.output<typeof frameSchema>;

/** Adds or takes away rows and columns around an image: a window of one pixel whose only weight is 1, moved beyond the edges or short of them. */
const defineFrame = <Key extends string>(className: string, key: Key, standard: Frame, sign: 1 | -1) =>
  defineLayer({
    className,
    config: z.object({ [key]: frameSchema.default(standard), dataFormat: dataFormatSchema }),
    outputShape: (input, layer) => {
      if (input.length !== 3)
        throw new RangeError(`Expected height, width and channels, found ${input.length} axes`);
      const [height, width] = framed(input, layer[key] as Frame, sign);
      if (height > 0 && width > 0) return [height, width, input[2]];
      throw new RangeError(`Expected a rest of the image, found ${height} rows and ${width} columns`);
    },
    record: (recorder, x, { config: layer }) => {
      const frame = layer[key] as Frame;
      const [, height, width, channels] = x.shape;
      const ones = recorder.apply(fill, {}, { value: 1, length: channels }).y;
      const kernel = recorder.view(ones, [1, 1, channels, 1]);
      const [outputHeight, outputWidth] = framed([height, width], frame, sign);
      const window = {
        strideHeight: 1,
        strideWidth: 1,
        padTop: sign * frame[0][0],
        padLeft: sign * frame[1][0],
      };
      return recorder.apply(depthwiseConv2d, { x, kernel }, { ...window, outputHeight, outputWidth }).y;
    },
  });

function framed([height, width]: readonly number[], [[top, bottom], [left, right]]: Frame, sign: number) {
  return [height + sign * (top + bottom), width + sign * (left + right)];
}

/** Rows and columns of zeros around an image. */
export const zeroPadding2D = defineFrame(
  "ZeroPadding2D",
  "padding",
  [
    [1, 1],
    [1, 1],
  ],
  1,
);

/** An image without rows and columns at its edges. */
export const cropping2D = defineFrame(
  "Cropping2D",
  "cropping",
  [
    [0, 0],
    [0, 0],
  ],
  -1,
);
