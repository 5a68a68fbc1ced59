import { affineChange } from "./affine.ts";
import { type Change, type ImageAugmentation, type ImageKind, uniform } from "./augmentation.ts";

/** Keras's RandomRotation: turns around the middle by a share (from `least` to `most`) of a full circle, counter-clockwise. */
export function randomRotation(least: number, most: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomRotation",
    draw: (random, kind) => [rotate(uniform(random, least * 360, most * 360), kind)],
  };
}

/** Turns counter-clockwise by degrees. */
export function rotate(degrees: number, kind: ImageKind): Change {
  const angle = (degrees * Math.PI) / 180;
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const [x, y] = [(kind.width - 1) / 2, (kind.height - 1) / 2];
  return affineChange(
    [cosine, -sine, x - x * cosine + y * sine, sine, cosine, y - x * sine - y * cosine],
    kind,
  );
}
