import { z } from "zod";
import { elementCount, sameShape } from "../../util/shapes.ts";
import { initializerSchema } from "../initializers.ts";
import { boundedRelu, relu } from "../operations/activations.ts";
import { scaleShift } from "../operations/batch-norm.ts";
import { add, fill } from "../operations/elementwise.ts";
import { defineLayer } from "./define.ts";

const config = z.object({
  alphaInitializer: initializerSchema("zeros"),
  /** Axes, counted with the batch in front, along which all share a slope. */
  sharedAxes: z.array(z.number().int().positive()).nullish(),
});

/** x where x > 0, otherwise alpha * x, with a slope for each value of an image or for each channel. He et al. 2015. */
export const pReLU = defineLayer({
  className: "PReLU",
  config,
  weights: ({ alphaInitializer, sharedAxes }, input) => [
    { name: "alpha", shape: slopes(input, sharedAxes), initializer: alphaInitializer },
  ],
  outputShape: (input, { sharedAxes }) => {
    const shape = slopes(input, sharedAxes);
    const channels = shape[shape.length - 1] === input[input.length - 1];
    if (!sameShape(shape, input) && (!channels || elementCount(shape) !== shape[shape.length - 1]))
      throw new RangeError(
        `Expected slopes that are shared along all axes but the channels or along none, found axes ${sharedAxes?.join(", ")}`,
      );
    return [...input];
  },
  record: (recorder, x, { weights: { alpha } }) => {
    const count = elementCount(alpha.shape);
    const below = recorder.apply(boundedRelu, { x }, { slope: 1, threshold: 0, maximum: 0 }).y;
    const rows = recorder.view(below, [elementCount(x.shape) / count, count]);
    const shift = recorder.apply(fill, {}, { value: 0, length: count }).y;
    const scale = recorder.view(alpha, [count]);
    const scaled = recorder.apply(scaleShift, { x: rows, scale, shift }, { activation: 0 }).y;
    const above = recorder.apply(relu, { x }, {}).y;
    return recorder.apply(add, { a: above, b: recorder.view(scaled, x.shape) }, {}).y;
  },
});

function slopes(input: readonly number[], sharedAxes: readonly number[] | null | undefined): number[] {
  return input.map((side, i) => (sharedAxes?.includes(i + 1) ? 1 : side));
}
