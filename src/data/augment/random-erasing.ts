import { RandomStream } from "../../util/random.ts";
import { type Change, clip, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";
import { drawBox, type FractionalBox, isInside } from "./boxes.ts";

/** Keras's defaults: sides are the roots of shares from this to that of the image's. */
const SCALE = [0.02, 0.33] as const;

/**
 * Keras's RandomErasing: with a probability uniform in [0, factor], a box of the image is filled with noise (normal, times the largest
 * value, clipped). Zhong et al. 2017, "Random Erasing Data Augmentation".
 */
export function randomErasing(factor: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomErasing",
    draw: (random, kind) => {
      const [acrossShare, downShare] = [uniform(random, ...SCALE), uniform(random, ...SCALE)];
      const box = drawBox(random, Math.sqrt(acrossShare), Math.sqrt(downShare), kind);
      const erased = random.nextFloat32() < uniform(random, 0, factor);
      const noise = new RandomStream(random.nextUint32(), "erasing");
      return erased ? [erase(box, () => noise.nextNormal() * kind.valueRange[1], kind)] : [];
    },
  };
}

/** Fills the box, value by value. */
export function erase(
  box: FractionalBox,
  fill: () => number,
  { height, width, channels, valueRange: [least, greatest] }: ImageKind,
): Change {
  return {
    apply: (image, target) => {
      target.set(image);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          if (!isInside(box, row, column)) continue;
          const from = (row * width + column) * channels;
          for (let at = from; at < from + channels; at++) target[at] = clip(fill(), least, greatest);
        }
      }
    },
  };
}
