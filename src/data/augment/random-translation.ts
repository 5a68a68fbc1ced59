import { affineChange } from "./affine.ts";
import { type Change, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

/** Keras's RandomTranslation: moves down and to the right by shares (from `least` to `most`) of the height and of the width, each by itself. */
export function randomTranslation(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomTranslation",
    draw: (random, kind) => {
      const down = uniform(random, least, most) * kind.height;
      const right = uniform(random, least, most) * kind.width;
      return [translate(down, right, kind)];
    },
  };
}

/** Moves by pixels, which need not be whole. */
export function translate(down: number, right: number, kind: ImageKind): Change {
  return affineChange([1, 0, -right, 0, 1, -down], kind);
}
