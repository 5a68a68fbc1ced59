import { z } from "zod";
import { scaleShift } from "../operations/batch-norm.ts";
import { rescale } from "../operations/elementwise.ts";
import { checkChannels, constants, MOST_CONSTANTS } from "./constant.ts";
import { defineLayer } from "./define.ts";

/** One number, or one for each channel. */
const numbers = z.union([z.number(), z.array(z.number()).min(1).max(MOST_CONSTANTS)]);

/** y = x * scale + offset. */
export const rescaling = defineLayer({
  className: "Rescaling",
  config: z.object({ scale: numbers, offset: numbers.default(0) }),
  outputShape: (input, { scale, offset }) => {
    checkChannels(scale, input);
    checkChannels(offset, input);
    return [...input];
  },
  record: (recorder, x, { config: { scale, offset } }) => {
    if (typeof scale === "number" && typeof offset === "number")
      return recorder.apply(rescale, { x }, { scale, offset }).y;
    const channels = x.shape[x.shape.length - 1];
    const [factor, shift] = [scale, offset].map((values) => constants(recorder, values, channels));
    return recorder.apply(scaleShift, { x, scale: factor, shift }, { activation: 0 }).y;
  },
});
