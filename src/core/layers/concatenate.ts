import { z } from "zod";
import { formatShape, sameShape } from "../../util/shapes.ts";
import { concatenateAll } from "../operations/channels.ts";
import { defineLayer } from "./define.ts";

/** The inputs' channels side by side; all other sides are the same. [..., m] and [..., n] to [..., m + n]. */
export const concatenate = defineLayer({
  className: "Concatenate",
  /** The axis is counted with the batch in front. */
  config: z.object({ axis: z.number().int().default(-1) }),
  joins: true,
  outputShape: (input, { axis }, inputs) => {
    if (axis !== -1 && axis !== input.length)
      throw new RangeError(`Expected to join the channels, which are the last axis, found axis ${axis}`);
    const sides = input.slice(0, -1);
    const other = inputs.find(
      (shape) => shape.length !== input.length || !sameShape(shape.slice(0, -1), sides),
    );
    if (other)
      throw new RangeError(
        `Expected inputs that differ in their channels only, found ${formatShape(input)} and ${formatShape(other)}`,
      );
    return [...sides, inputs.reduce((sum, shape) => sum + shape[shape.length - 1], 0)];
  },
  record: (recorder, _x, { inputs }) => concatenateAll(recorder, inputs),
});
