import { affineChange } from "./affine.ts";
import { type Change, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

/** Keras's RandomZoom with one factor: out of and into the middle by up to that share, aspect kept. */
export function randomZoom(factor: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomZoom",
    draw: (random, kind) => [zoom(uniform(random, 1 - factor, 1 + factor), kind)],
  };
}

/** Below 1 the picture is enlarged, above 1 it shrinks. */
export function zoom(scale: number, kind: ImageKind): Change {
  const [x, y] = [((kind.width - 1) / 2) * (1 - scale), ((kind.height - 1) / 2) * (1 - scale)];
  return affineChange([scale, 0, x, 0, scale, y], kind);
}
