import { type Change, clip, type ImageAugmentation, type ValueRange } from "./augmentation.ts";
import { fromByteRange, toByteRange } from "./bytes-range.ts";

/** Keras's RandomPosterization: keeps from 1 to `most` - 1 of the 8 bits, or one where `most` is 1. */
export function randomPosterization(most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomPosterization",
    draw: (random, { valueRange }) => [posterize(1 + random.nextInteger(Math.max(1, most - 1)), valueRange)],
  };
}

export function posterize(bits: number, range: ValueRange): Change {
  const kept = (0xff << (8 - bits)) & 0xff;
  return {
    apply: (image, target) => {
      for (let i = 0; i < image.length; i++) {
        const byte = Math.floor(clip(toByteRange(image[i], range), 0, 255));
        target[i] = fromByteRange(byte & kept, range);
      }
    },
  };
}
