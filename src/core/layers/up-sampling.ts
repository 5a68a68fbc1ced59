import { z } from "zod";
import { defineLayer } from "./define.ts";
import { spread } from "./spread.ts";
import { dataFormatSchema, pairSchema } from "./window.ts";

/** Each pixel so many times down and across. [height, width, channels] to [height * size, width * size, channels]. */
export const upSampling2D = defineLayer({
  className: "UpSampling2D",
  config: z.object({
    size: pairSchema.default([2, 2]),
    interpolation: z.literal("nearest").default("nearest"),
    dataFormat: dataFormatSchema,
  }),
  outputShape: (input, { size }) => {
    if (input.length !== 3)
      throw new RangeError(`Expected height, width and channels, found ${input.length} axes`);
    return [input[0] * size[0], input[1] * size[1], input[2]];
  },
  record: (recorder, x, { config: { size } }) =>
    spread(recorder, x, size, size, [x.shape[1] * size[0], x.shape[2] * size[1]]),
});
