import { z } from "zod";
import { elementCount, sameShape } from "../../util/shapes.ts";
import { dropout as dropoutOperation, fill } from "../operations/elementwise.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { defineLayer } from "./define.ts";
import { scaleBy } from "./multiply.ts";
import { dataFormatSchema } from "./window.ts";

interface Drop {
  readonly rate: number;
  readonly stream: number;
}

/**
 * Zeroes a share of the values while training and scales the rest up; the identity otherwise. `noiseShape` lets whole channels
 * ([null, 1, 1, null]) or images ([null, 1, 1, 1]) go together, as in stochastic depth (Huang et al. 2016).
 */
export const dropout = defineLayer({
  className: "Dropout",
  config: z.object({
    rate: z.number().min(0).max(1),
    noiseShape: z.array(z.number().int().positive().nullable()).nullish(),
    seed: z.number().int().nullish(),
  }),
  outputShape: (input, { noiseShape }) => {
    const shape = noiseSides(input, noiseShape);
    const [height, width, channels] = input;
    const known = [
      input,
      ...(input.length === 3
        ? [
            [1, 1, channels],
            [height, width, 1],
            [1, 1, 1],
          ]
        : []),
    ];
    if (shape && (noiseShape?.[0] === 1 || !known.some((sides) => sameShape(sides, shape))))
      throw new RangeError(
        `Expected noise for each value, channel, pixel or image, found ${JSON.stringify(noiseShape)}`,
      );
    return [...input];
  },
  record: (recorder, x, { config: { rate, noiseShape }, training, index }) => {
    if (!training || rate === 0) return x;
    const whole = x.shape.slice(1);
    const sides = noiseSides(whole, noiseShape) ?? whole;
    const drop = { rate, stream: index };
    return sameShape(sides, whole) ? dropEach(recorder, x, drop) : dropTogether(recorder, x, sides, drop);
  },
});

/** The same for whole channels. */
export const spatialDropout2D = defineLayer({
  className: "SpatialDropout2D",
  config: z.object({
    rate: z.number().min(0).max(1),
    seed: z.number().int().nullish(),
    dataFormat: dataFormatSchema,
  }),
  outputShape: (input) => {
    if (input.length !== 3)
      throw new RangeError(`Expected height, width and channels, found ${input.length} axes`);
    return [...input];
  },
  record: (recorder, x, { config: { rate }, training, index }) =>
    training && rate > 0 ? dropTogether(recorder, x, [1, 1, x.shape[3]], { rate, stream: index }) : x,
});

function dropEach(recorder: Recorder, x: Tensor, { rate, stream }: Drop): Tensor {
  const random = recorder.input("random", [4], "uint32");
  return recorder.apply(dropoutOperation, { x, random }, { rate, stream }).y;
}

/** One decision for all that a side of 1 stands for. */
function dropTogether(recorder: Recorder, x: Tensor, sides: readonly number[], drop: Drop): Tensor {
  const shape = [x.shape[0], ...sides];
  const ones = recorder.apply(fill, {}, { value: 1, length: elementCount(shape) }).y;
  return scaleBy(recorder, x, dropEach(recorder, recorder.view(ones, shape), drop));
}

function noiseSides(
  input: readonly number[],
  noiseShape: readonly (number | null)[] | null | undefined,
): number[] | undefined {
  return noiseShape?.slice(1).map((side, i) => side ?? input[i]);
}
