import { z } from "zod";
import { dropout as dropoutOperation } from "../operations/elementwise.ts";
import { defineLayer } from "./define.ts";

/** Zeroes a share of the values while training and scales the rest up; the identity otherwise. */
export const dropout = defineLayer({
  className: "Dropout",
  config: z.object({
    rate: z.number().min(0).max(1),
    noiseShape: z.null().optional(),
    seed: z.number().int().nullish(),
  }),
  outputShape: (input) => [...input],
  record: (recorder, x, { config: { rate }, training, index }) => {
    if (!training || rate === 0) return x;
    const random = recorder.input("random", [4], "uint32");
    return recorder.apply(dropoutOperation, { x, random }, { rate, stream: index }).y;
  },
});
