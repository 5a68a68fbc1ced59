import { type BatchAugmentation, type ImageKind, uniform } from "./augmentation.ts";
import { drawBeta } from "./beta.ts";
import { drawBox, type FractionalBox, isInside } from "./boxes.ts";
import { drawPartners } from "./partners.ts";

/**
 * Keras's CutMix: a box of each image comes from another of the batch, and that share of the label; its area from Beta(alpha, alpha)
 * with one alpha uniform in [0, factor] for the batch. Yun et al. 2019, "CutMix: Regularization Strategy to Train Strong Classifiers".
 */
export function cutMix(factor: number): BatchAugmentation {
  return {
    kind: "batch",
    className: "CutMix",
    draw: (random, kind, batchSize) => {
      const alpha = uniform(random, 0, factor) + 1e-6;
      const boxes = Array.from({ length: batchSize }, () => {
        const side = Math.sqrt(1 - drawBeta(random, alpha, alpha));
        return drawBox(random, side, side, kind);
      });
      const partners = drawPartners(random, batchSize);
      const weights = boxes.map((box) => 1 - areaOf(box) / (kind.height * kind.width));
      return { partners, weights, mix: (row, ...images) => paste(boxes[row], kind, ...images) };
    },
  };
}

function areaOf({ top, bottom, left, right }: FractionalBox): number {
  return (bottom - top) * (right - left);
}

/** The image with the partner's pixels in the box. */
export function paste(
  box: FractionalBox,
  { height, width, channels }: ImageKind,
  image: Float32Array,
  partner: Float32Array,
  target: Float32Array,
): void {
  target.set(image);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if (!isInside(box, row, column)) continue;
      const from = (row * width + column) * channels;
      target.set(partner.subarray(from, from + channels), from);
    }
  }
}
