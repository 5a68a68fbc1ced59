import {
  type Change,
  changeCodes,
  clip,
  type ImageAugmentation,
  type ImageKind,
  uniform,
} from "./augmentation.ts";

/** Keras's RandomContrast: each channel's distance from its mean, times 1 - `below` to 1 + `above`. */
export function randomContrast(below: number, above: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomContrast",
    draw: (random, kind) => [adjustContrast(uniform(random, 1 - below, 1 + above), kind)],
  };
}

export function adjustContrast(
  factor: number,
  { channels, valueRange: [least, greatest] }: ImageKind,
): Change {
  const gain = Math.fround(factor);
  return {
    apply: (image, target) => {
      for (let channel = 0; channel < channels; channel++) {
        const mean = meanOf(image, channel, channels);
        const shift = Math.fround(mean - mean * gain);
        for (let i = channel; i < image.length; i += channels) {
          target[i] = clip(Math.fround(image[i] * gain) + shift, least, greatest);
        }
      }
    },
    numbers: [changeCodes.contrast, gain],
  };
}

function meanOf(image: Float32Array, channel: number, channels: number): number {
  let sum = 0;
  for (let i = channel; i < image.length; i += channels) sum += image[i];
  return sum / (image.length / channels);
}
