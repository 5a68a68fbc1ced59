import type { BatchAugmentation } from "./augmentation.ts";
import { drawBeta } from "./beta.ts";
import { drawPartners } from "./partners.ts";

/**
 * Keras's MixUp: each image, and its label, becomes a weighted mean with another of the batch, weights from Beta(alpha, alpha).
 * Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization".
 */
export function mixUp(alpha: number): BatchAugmentation {
  return {
    kind: "batch",
    className: "MixUp",
    draw: (random, _, batchSize) => {
      const partners = drawPartners(random, batchSize);
      const weights = partners.map(() => drawBeta(random, alpha, alpha));
      return {
        partners,
        weights,
        mix: (row, image, partner, target) => blend(image, partner, weights[row], target),
      };
    },
  };
}

export function blend(
  image: Float32Array,
  partner: Float32Array,
  weight: number,
  target: Float32Array,
): void {
  for (let i = 0; i < image.length; i++) target[i] = weight * image[i] + (1 - weight) * partner[i];
}
