import { z } from "zod";
import { elementCount } from "../../util/shapes.ts";
import { defineLayer } from "./define.ts";
import { dataFormatSchema } from "./window.ts";

/** All axes in one, row-major. [height, width, channels] to [height * width * channels]. */
export const flatten = defineLayer({
  className: "Flatten",
  config: z.object({ dataFormat: dataFormatSchema }),
  outputShape: (input) => [elementCount(input)],
  record: (recorder, x) => recorder.view(x, [x.shape[0], elementCount(x.shape.slice(1))]),
});
