import { type Change, clip, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

/** What a channel of red, green and blue gives to grey (ITU-R BT.601), in Keras's digits. */
const GREY = [0.2989, 0.587, 0.114] as const;

/** Keras's RandomColorDegeneration: takes up to a share (from `least` to `most`) of the colour away. */
export function randomColorDegeneration(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomColorDegeneration",
    draw: (random, kind) => [degenerateColor(uniform(random, least, most), kind)],
  };
}

/** For images of three channels; what has one has no colour to lose. */
export function degenerateColor(
  factor: number,
  { channels, valueRange: [least, greatest] }: ImageKind,
): Change {
  return {
    apply: (image, target) => {
      if (channels !== 3) return target.set(image);
      for (let i = 0; i < image.length; i += 3) {
        const grey = GREY[0] * image[i] + GREY[1] * image[i + 1] + GREY[2] * image[i + 2];
        for (let at = i; at < i + 3; at++)
          target[at] = clip(image[at] + factor * (grey - image[at]), least, greatest);
      }
    },
  };
}
