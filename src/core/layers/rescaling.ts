import { z } from "zod";
import { rescale } from "../operations/elementwise.ts";
import { defineLayer } from "./define.ts";

/** y = x * scale + offset. */
export const rescaling = defineLayer({
  className: "Rescaling",
  config: z.object({ scale: z.number(), offset: z.number().default(0) }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config }) => recorder.apply(rescale, { x }, config).y,
});
