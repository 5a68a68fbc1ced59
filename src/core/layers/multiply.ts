import { z } from "zod";
import { elementCount, formatShape, sameShape } from "../../util/shapes.ts";
import { scaleChannels } from "../operations/channels.ts";
import { multiply as multiplyOperation } from "../operations/elementwise.ts";
import type { Tensor } from "../program.ts";
import type { Recorder } from "../recorder.ts";
import { defineLayer } from "./define.ts";

/**
 * The product of two inputs or more. Beside images [height, width, channels] an input may be a number for each channel
 * ([1, 1, channels] or [channels]), as squeeze-and-excitation makes them (Hu et al. 2018), for each pixel
 * ([height, width, 1]) or for each image ([1, 1, 1]).
 */
export const multiply = defineLayer({
  className: "Multiply",
  config: z.object({}),
  joins: true,
  outputShape: (_input, _config, inputs) => {
    const whole = largest(inputs);
    const other = inputs.find((shape) => !sameShape(shape, whole) && kindOf(shape, whole) === undefined);
    if (other)
      throw new RangeError(
        `Expected inputs of one shape, or of a number for each channel, pixel or image, found ${formatShape(whole)} and ${formatShape(other)}`,
      );
    return [...whole];
  },
  record: (recorder, _x, { inputs }) => {
    const whole = largest(inputs.map(({ shape }) => shape.slice(1)));
    const images = inputs.filter(({ shape }) => sameShape(shape.slice(1), whole));
    const factors = inputs.filter((input) => !images.includes(input));
    const product = images.reduce((a, b) => recorder.apply(multiplyOperation, { a, b }, {}).y);
    return factors.reduce((x, factor) => scaleBy(recorder, x, factor), product);
  },
});

/** x times what stands for its channels, pixels or images. x [batch, ...], factor [batch, ...]. */
export function scaleBy(recorder: Recorder, x: Tensor, factor: Tensor): Tensor {
  const [batch, ...whole] = x.shape;
  if (kindOf(factor.shape.slice(1), whole) === "channels") {
    const scale = recorder.view(factor, [batch, whole[2]]);
    return recorder.apply(scaleChannels, { x, scale }, {}).y;
  }
  // all that one number stands for is an image of one channel
  const rows = elementCount(factor.shape);
  const images = recorder.view(x, [rows, elementCount(x.shape) / rows, 1, 1]);
  const { y } = recorder.apply(scaleChannels, { x: images, scale: recorder.view(factor, [rows, 1]) }, {});
  return recorder.view(y, x.shape);
}

function kindOf(shape: readonly number[], whole: readonly number[]): "channels" | "rows" | undefined {
  if (whole.length !== 3) return undefined;
  const [height, width, channels] = whole;
  if ([[channels], [1, 1, channels]].some((sides) => sameShape(sides, shape))) return "channels";
  if (
    [
      [height, width, 1],
      [1, 1, 1],
    ].some((sides) => sameShape(sides, shape))
  )
    return "rows";
  return undefined;
}

function largest(shapes: readonly (readonly number[])[]): readonly number[] {
  return shapes.reduce((most, shape) => (elementCount(shape) > elementCount(most) ? shape : most));
}
