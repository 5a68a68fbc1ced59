import { type Change, changeCodes, clip, type ImageKind } from "./augmentation.ts";

/** Where the pixel at (x, y) comes from: (a0 x + a1 y + a2, b0 x + b1 y + b2). Six of the eight numbers of TensorFlow's transforms. */
export type AffineMatrix = readonly [a0: number, a1: number, a2: number, b0: number, b1: number, b2: number];

/**
 * Moves pixels as TensorFlow's ImageProjectiveTransformV3 does it, by which Keras's geometric layers are defined: bilinear between
 * the centres of pixels, and mirrored beyond the edges (`fill_mode="reflect"`: d c b a | a b c d | d c b a).
 */
export function affineChange(matrix: AffineMatrix, { height, width, channels }: ImageKind): Change {
  const [a0, a1, a2, b0, b1, b2] = matrix.map(Math.fround);
  return {
    apply: (image, target) => {
      let to = 0;
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const x = reflect(a0 * column + a1 * row + a2, width);
          const y = reflect(b0 * column + b1 * row + b2, height);
          const [left, top] = [Math.floor(x), Math.floor(y)];
          const [right, bottom] = [x - left, y - top]; // shares of the pixel to the right and of the one below
          const from = (top * width + left) * channels;
          const beside = right > 0 ? channels : 0; // the last pixel has none, and then no share of it is asked for
          const below = bottom > 0 ? width * channels : 0;
          for (let channel = from; channel < from + channels; channel++) {
            const above = image[channel] * (1 - right) + image[channel + beside] * right;
            const under = image[channel + below] * (1 - right) + image[channel + below + beside] * right;
            target[to++] = above * (1 - bottom) + under * bottom;
          }
        }
      }
    },
    numbers: [changeCodes.affine, a0, a1, a2, b0, b1, b2],
  };
}

/** A coordinate of the picture continued in mirrors; from 0 to length - 1, between the centres of its pixels. */
function reflect(coordinate: number, length: number): number {
  if (coordinate >= 0 && coordinate <= length - 1) return coordinate;
  if (length === 1) return 0;
  const period = 2 * length;
  const shifted = coordinate < 0 ? -coordinate - 1 : coordinate; // d c b a | a b c d: -1 is 0 again
  const inPeriod = ((shifted % period) + period) % period;
  const mirrored = inPeriod >= length ? period - inPeriod - 1 : inPeriod;
  return clip(mirrored, 0, length - 1);
}
