import { z } from "zod";
import { formatShape, sameShape } from "../../util/shapes.ts";
import { add as addOperation } from "../operations/elementwise.ts";
import { defineLayer } from "./define.ts";

/** The sum of two inputs or more, which have one shape. */
export const add = defineLayer({
  className: "Add",
  config: z.object({}),
  joins: true,
  outputShape: (input, _config, inputs) => {
    const other = inputs.find((shape) => !sameShape(shape, input));
    if (other)
      throw new RangeError(
        `Expected inputs of one shape, found ${formatShape(input)} and ${formatShape(other)}`,
      );
    return [...input];
  },
  record: (recorder, x, { inputs }) =>
    inputs.slice(1).reduce((sum, b) => recorder.apply(addOperation, { a: sum, b }, {}).y, x),
});
