import { z } from "zod";
import type { Augmentation } from "./augmentation.ts";
import { cutMix } from "./cut-mix.ts";
import { mixUp } from "./mix-up.ts";
import { randAugment } from "./rand-augment.ts";
import { randomBrightness } from "./random-brightness.ts";
import { randomContrast } from "./random-contrast.ts";
import { randomCrop } from "./random-crop.ts";
import { randomErasing } from "./random-erasing.ts";
import { type FlipMode, randomFlip } from "./random-flip.ts";
import { randomRotation } from "./random-rotation.ts";
import { randomTranslation } from "./random-translation.ts";
import { randomZoom } from "./random-zoom.ts";

/** An augmentation as people ask for it: `rotation`, or `rotation=0.1`. */
export interface CatalogueEntry {
  /** What follows the "=", as text; the default where nothing does. */
  readonly value: z.ZodType<string | number>;
  /** In words, for an error. */
  readonly expected: string;
  readonly create: (value: never) => Augmentation;
}

const share = (usual: number, most = 1) => ({
  value: z.coerce.number().positive().max(most).default(usual),
  expected: `a number above 0, at most ${most}`,
});

const flipModes = {
  horizontal: "horizontal",
  vertical: "vertical",
  both: "horizontal_and_vertical",
} as const satisfies Record<string, FlipMode>;

export const augmentations = {
  flip: {
    value: z.enum(["horizontal", "vertical", "both"]).default("horizontal"),
    expected: "horizontal, vertical or both",
    create: (mode: keyof typeof flipModes) => randomFlip(flipModes[mode]),
  },
  rotation: { ...share(0.05), create: (factor: number) => randomRotation(-factor, factor) },
  zoom: { ...share(0.1, 0.9), create: randomZoom },
  translation: { ...share(0.1), create: (factor: number) => randomTranslation(-factor, factor) },
  crop: { ...share(0.1, 0.9), create: randomCrop },
  brightness: { ...share(0.2), create: (factor: number) => randomBrightness(-factor, factor) },
  contrast: { ...share(0.2), create: (factor: number) => randomContrast(factor, factor) },
  erasing: { ...share(0.5), create: randomErasing },
  randaugment: { ...share(0.5), create: randAugment },
  mixup: { ...share(0.2, 10), create: mixUp },
  cutmix: { ...share(1), create: cutMix },
} satisfies Record<string, CatalogueEntry>;

/** Ready-made lists. */
export const presets: Readonly<Record<string, string>> = {
  none: "",
  light: "flip,brightness=0.1,contrast=0.1",
  standard: "flip,rotation=0.05,zoom=0.1,translation=0.1,brightness=0.2,contrast=0.2",
  strong: "flip,randaugment=0.3,erasing,cutmix",
};
