import {
  type Change,
  changeCodes,
  clip,
  type ImageAugmentation,
  uniform,
  type ValueRange,
} from "./augmentation.ts";

/** Keras's RandomBrightness: adds up to a share (from `least` to `most`) of the range of values to all channels alike. */
export function randomBrightness(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomBrightness",
    draw: (random, { valueRange }) => {
      const delta = uniform(random, least, most) * (valueRange[1] - valueRange[0]);
      return [adjustBrightness(delta, valueRange)];
    },
  };
}

export function adjustBrightness(delta: number, [least, greatest]: ValueRange): Change {
  const shift = Math.fround(delta);
  return {
    apply: (image, target) => {
      for (let i = 0; i < image.length; i++) target[i] = clip(image[i] + shift, least, greatest);
    },
    numbers: [changeCodes.brightness, shift],
  };
}
