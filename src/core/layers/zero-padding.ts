import { z } from "zod";
import { depthwiseConv2d } from "../operations/depthwise.ts";
import { fill } from "../operations/elementwise.ts";
import { defineLayer } from "./define.ts";
import { dataFormatSchema } from "./window.ts";

const count = z.number().int().nonnegative();
const side = z.union([count.transform((n): [number, number] => [n, n]), z.tuple([count, count])]);

/** [[top, bottom], [left, right]]; a number stands for both of a pair. */
const padding = z.union([
  count.transform((n): [[number, number], [number, number]] => [
    [n, n],
    [n, n],
  ]),
  z.tuple([side, side]),
]);

/** Rows and columns of zeros around an image: a window of one pixel whose only weight is 1, moved beyond the edges. */
export const zeroPadding2D = defineLayer({
  className: "ZeroPadding2D",
  config: z.object({
    padding: padding.default([
      [1, 1],
      [1, 1],
    ]),
    dataFormat: dataFormatSchema,
  }),
  outputShape: (input, { padding: [vertical, horizontal] }) => {
    if (input.length !== 3)
      throw new RangeError(`Expected height, width and channels, found ${input.length} axes`);
    const [height, width, channels] = input;
    return [height + vertical[0] + vertical[1], width + horizontal[0] + horizontal[1], channels];
  },
  record: (
    recorder,
    x,
    {
      config: {
        padding: [vertical, horizontal],
      },
    },
  ) => {
    const [, height, width, channels] = x.shape;
    const ones = recorder.apply(fill, {}, { value: 1, length: channels }).y;
    const kernel = recorder.view(ones, [1, 1, channels, 1]);
    return recorder.apply(
      depthwiseConv2d,
      { x, kernel },
      {
        strideHeight: 1,
        strideWidth: 1,
        padTop: vertical[0],
        padLeft: horizontal[0],
        outputHeight: height + vertical[0] + vertical[1],
        outputWidth: width + horizontal[0] + horizontal[1],
      },
    ).y;
  },
});
