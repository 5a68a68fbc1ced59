import type { ImageAugmentation } from "./augmentation.ts";
import { autoContrast } from "./auto-contrast.ts";
import { equalization } from "./equalization.ts";
import { randomBrightness } from "./random-brightness.ts";
import { randomColorDegeneration } from "./random-color-degeneration.ts";
import { randomContrast } from "./random-contrast.ts";
import { randomPosterization } from "./random-posterization.ts";
import { randomRotation } from "./random-rotation.ts";
import { randomSharpness } from "./random-sharpness.ts";
import { randomShear } from "./random-shear.ts";
import { randomTranslation } from "./random-translation.ts";
import { solarization } from "./solarization.ts";

/** Changes of one image, as Keras's default. */
const CHANGES = 2;

/**
 * Keras's RandAugment: two of eleven changes, drawn anew for each image, each of a strength from 0 to `factor`; so it turns one way and
 * brightens but never darkens, as Keras's does. Cubuk et al. 2019, "RandAugment: Practical automated data augmentation with a reduced search
 * space".
 */
export function randAugment(factor: number): ImageAugmentation {
  const choices: readonly ImageAugmentation[] = [
    randomShear(0, factor),
    randomTranslation(0, factor),
    randomRotation(0, factor),
    randomBrightness(0, factor),
    randomColorDegeneration(0, factor),
    randomContrast(0, factor),
    randomSharpness(0, factor),
    solarization(0, factor),
    randomPosterization(Math.max(1, Math.floor(8 * factor))),
    autoContrast(),
    equalization(),
  ];
  return {
    kind: "image",
    className: "RandAugment",
    draw: (random, kind) => {
      const chosen = Array.from({ length: CHANGES }, () => choices[random.nextInteger(choices.length)]);
      return chosen.flatMap(({ draw }) => draw(random, kind));
    },
  };
}
