import { type Change, clip, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

/** Keras's RandomSharpness: from smoothed (0) over unchanged (0.5) to sharpened (1). */
export function randomSharpness(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomSharpness",
    draw: (random, kind) => [sharpen(uniform(random, least, most), kind)],
  };
}

/** Away from the mean of the 3x3 pixels around, in which the middle counts five times; beyond the edges lie zeros. */
export function sharpen(
  factor: number,
  { height, width, channels, valueRange: [least, greatest] }: ImageKind,
): Change {
  const rowLength = width * channels;
  const smoothing = 1 - 2 * factor;
  return {
    apply: (image, target) => {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          for (let channel = 0; channel < channels; channel++) {
            const at = row * rowLength + column * channels + channel;
            let sum = 4 * image[at];
            for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++) {
              for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
                sum += image[y * rowLength + x * channels + channel];
              }
            }
            target[at] = clip(image[at] + smoothing * (sum / 13 - image[at]), least, greatest);
          }
        }
      }
    },
  };
}
