import { z } from "zod";
import { formatShape, sameShape } from "../../util/shapes.ts";
import { relu } from "../operations/activations.ts";
import { add as addOperation, rescale } from "../operations/elementwise.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { defineLayer } from "./define.ts";

type Combine = (recorder: Recorder, a: Tensor, b: Tensor) => Tensor;

/** Layers that make one array of two or more of its shape. */
const defineMerge = (className: string, combine: (recorder: Recorder, inputs: readonly Tensor[]) => Tensor) =>
  defineLayer({
    className,
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
    record: (recorder, _x, { inputs }) => combine(recorder, inputs),
  });

const inTurn =
  (combine: Combine) =>
  (recorder: Recorder, inputs: readonly Tensor[]): Tensor =>
    inputs.reduce((made, next) => combine(recorder, made, next));

const scaled = (recorder: Recorder, x: Tensor, scale: number) =>
  recorder.apply(rescale, { x }, { scale, offset: 0 }).y;
const sum: Combine = (recorder, a, b) => recorder.apply(addOperation, { a, b }, {}).y;
const difference: Combine = (recorder, a, b) => sum(recorder, a, scaled(recorder, b, -1));
/** What a has over b, where it has. */
const excess: Combine = (recorder, a, b) => recorder.apply(relu, { x: difference(recorder, a, b) }, {}).y;

/** The sum of two inputs or more, which have one shape. */
export const add = defineMerge("Add", inTurn(sum));

/** The first input less the others, which are one in Keras. */
export const subtract = defineMerge("Subtract", inTurn(difference));

/** The mean of the inputs. */
export const average = defineMerge("Average", (recorder, inputs) =>
  scaled(recorder, inTurn(sum)(recorder, inputs), 1 / inputs.length),
);

/** The largest of the inputs, an element at a time; good to a rounding of their difference. */
export const maximum = defineMerge(
  "Maximum",
  inTurn((recorder, a, b) => sum(recorder, a, excess(recorder, b, a))),
);

/** The smallest of the inputs. */
export const minimum = defineMerge(
  "Minimum",
  inTurn((recorder, a, b) => difference(recorder, a, excess(recorder, a, b))),
);
