import { type Change, clip, type ImageAugmentation, uniform, type ValueRange } from "./augmentation.ts";
import { fromByteRange, toByteRange } from "./bytes-range.ts";

/** Keras's Solarization with one range for both: adds up to `most` of 255, then turns around what is not below a threshold. */
export function solarization(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "Solarization",
    draw: (random, { valueRange }) => {
      const addition = uniform(random, least, most * 255); // Keras does not scale the lower bound, and neither do we
      const threshold = uniform(random, least, most * 255);
      return [solarize(addition, threshold, valueRange)];
    },
  };
}

/** Addition and threshold on the scale from 0 to 255. */
export function solarize(addition: number, threshold: number, range: ValueRange): Change {
  return {
    apply: (image, target) => {
      for (let i = 0; i < image.length; i++) {
        const value = clip(toByteRange(image[i], range) + addition, 0, 255);
        target[i] = fromByteRange(value < threshold ? value : 255 - value, range);
      }
    },
  };
}
