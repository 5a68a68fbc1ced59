import { z } from "zod";
import { elementCount, formatShape } from "../../util/shapes.ts";
import { defineLayer } from "./define.ts";

/** More than anything takes. */
const MOST_AXES = 8;

/** The same values, row-major, in other axes. One side may be -1: what is left for it. */
export const reshape = defineLayer({
  className: "Reshape",
  config: z.object({ targetShape: z.array(z.number().int().min(-1)).min(1).max(MOST_AXES) }),
  outputShape: (input, { targetShape }) => shapeFor(input, targetShape),
  record: (recorder, x, { config: { targetShape } }) =>
    recorder.view(x, [x.shape[0], ...shapeFor(x.shape.slice(1), targetShape)]),
});

function shapeFor(input: readonly number[], target: readonly number[]): number[] {
  const count = elementCount(input);
  const known = elementCount(target.filter((side) => side !== -1));
  const shape = target.map((side) => (side === -1 ? count / known : side));
  const open = target.filter((side) => side === -1).length;
  if (open < 2 && elementCount(shape) === count && shape.every(Number.isInteger)) return shape;
  throw new RangeError(`Expected a target shape of ${count} values, found ${formatShape(target)}`);
}
