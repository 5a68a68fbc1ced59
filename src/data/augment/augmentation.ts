import type { RandomStream } from "../../util/random.ts";

/** What an augmentation knows of the images before it sees one. */
export interface ImageKind {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** What black and white are to the model, such as [0, 1]. Keras's `value_range`. */
  readonly valueRange: ValueRange;
}

export type ValueRange = readonly [least: number, greatest: number];

/** What happens to an image. */
export interface Change {
  /** Writes the changed image into `target`. Both are [height, width, channels] and do not overlap. */
  readonly apply: (image: Float32Array, target: Float32Array) => void;
  /** What a faster twin of `apply` needs to know: the code of the change and its parameters, where there may be one. */
  readonly numbers?: readonly number[];
}

/** Codes of the changes that have a twin (kernels/augment.c). */
export const changeCodes = { flip: 0, affine: 1, brightness: 2, contrast: 3 } as const;

/** Changes each image by itself. */
export interface ImageAugmentation {
  readonly kind: "image";
  /** As Keras names the layer. */
  readonly className: string;
  /** Draws what will happen to one image: changes, one after the other. How many numbers it takes from `random` is its own affair. */
  readonly draw: (random: RandomStream, kind: ImageKind) => readonly Change[];
}

/** For each image of a batch: which other one is mixed in, what share of it remains, and how the pixels are mixed. */
export interface Mixture {
  /** Index in the batch. */
  readonly partners: readonly number[];
  /** Share of the own label; the partner's has the rest. */
  readonly weights: readonly number[];
  /** Writes image `row` of the batch, mixed with `partner`, into `target`. */
  readonly mix: (row: number, image: Float32Array, partner: Float32Array, target: Float32Array) => void;
}

/** Mixes the images of a batch, and their labels. */
export interface BatchAugmentation {
  readonly kind: "batch";
  /** As Keras names the layer. */
  readonly className: string;
  readonly draw: (random: RandomStream, kind: ImageKind, batchSize: number) => Mixture;
}

export type Augmentation = ImageAugmentation | BatchAugmentation;

/** Uniform in [least, most). */
export function uniform(random: RandomStream, least: number, most: number): number {
  return least + (most - least) * random.nextFloat32();
}

/** A number into the range. */
export function clip(value: number, least: number, greatest: number): number {
  return value < least ? least : value > greatest ? greatest : value;
}
