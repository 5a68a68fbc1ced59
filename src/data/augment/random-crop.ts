import type { Change, ImageAugmentation, ImageKind } from "./augmentation.ts";

/**
 * Keras's RandomCrop to all but a share `factor` of both sides, anywhere in the image, followed by its Resizing back to the size that the
 * model takes (bilinear, half-pixel centres).
 */
export function randomCrop(factor: number): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomCrop",
    draw: (random, kind) => {
      const height = Math.max(1, Math.round(kind.height * (1 - factor)));
      const width = Math.max(1, Math.round(kind.width * (1 - factor)));
      const top = random.nextInteger(kind.height - height + 1);
      const left = random.nextInteger(kind.width - width + 1);
      return [cropAndResize({ top, left, height, width }, kind)];
    },
  };
}

/** In whole pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

export function cropAndResize(box: Box, { height, width, channels }: ImageKind): Change {
  const rows = samplesBetween(box.top, box.height, height);
  const columns = samplesBetween(box.left, box.width, width);
  return {
    apply: (image, target) => {
      let to = 0;
      for (const y of rows) {
        const [upper, lower] = [y.first * width, y.second * width];
        for (const x of columns) {
          for (let channel = 0; channel < channels; channel++) {
            const at = (pixel: number) => image[pixel * channels + channel];
            const above = at(upper + x.first) + (at(upper + x.second) - at(upper + x.first)) * x.share;
            const under = at(lower + x.first) + (at(lower + x.second) - at(lower + x.first)) * x.share;
            target[to++] = above + (under - above) * y.share;
          }
        }
      }
    },
  };
}

/** For each of `count` samples spread over a stretch of pixels: the two that it lies between, and the share of the second. */
function samplesBetween(start: number, length: number, count: number) {
  return Array.from({ length: count }, (_, index) => {
    const position = Math.max(0, ((index + 0.5) * length) / count - 0.5);
    const first = Math.min(Math.floor(position), length - 1);
    return { first: start + first, second: start + Math.min(first + 1, length - 1), share: position - first };
  });
}
