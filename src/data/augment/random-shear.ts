import { affineChange } from "./affine.ts";
import { type Change, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

/** Keras's RandomShear with one range for both directions; x and y are slanted to the same side. */
export function randomShear(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomShear",
    draw: (random, kind) => {
      const sign = random.nextFloat32() > 0.5 ? -1 : 1;
      const y = uniform(random, least, most) * sign;
      const x = uniform(random, least, most) * sign;
      return [shear(x, y, kind)];
    },
  };
}

/** Around the upper left pixel, as Keras does it. */
export function shear(x: number, y: number, kind: ImageKind): Change {
  return affineChange([1, x, 0, y, 1, 0], kind);
}
