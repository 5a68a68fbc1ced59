import { type Change, clip, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

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
  return (image, target) => {
    const length = image.length;
    for (let channel = 0; channel < channels; channel++) {
      let sum = 0;
      for (let i = channel; i < length; i += channels) sum += image[i];
      const mean = sum / (length / channels);
      const shift = mean - mean * factor;
      for (let i = channel; i < length; i += channels)
        target[i] = clip(image[i] * factor + shift, least, greatest);
    }
  };
}
