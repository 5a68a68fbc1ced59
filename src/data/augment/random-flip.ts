import { type Change, changeCodes, type ImageAugmentation, type ImageKind } from "./augmentation.ts";

export type FlipMode = "horizontal" | "vertical" | "horizontal_and_vertical";

/** Keras's RandomFlip: mirrors half of the images; in both directions at once where the mode says so. */
export function randomFlip(mode: FlipMode): ImageAugmentation {
  return {
    kind: "image",
    className: "RandomFlip",
    draw: (random, kind) => (random.nextFloat32() <= 0.5 ? [flip(mode, kind)] : []),
  };
}

export function flip(mode: FlipMode, { height, width, channels }: ImageKind): Change {
  const [mirrored, upsideDown] = [mode !== "vertical", mode !== "horizontal"];
  const rowLength = width * channels;
  return {
    apply: (image, target) => {
      for (let row = 0; row < height; row++) {
        const from = (upsideDown ? height - 1 - row : row) * rowLength;
        if (mirrored) mirrorRow(image, from, target, row * rowLength, rowLength, channels);
        else target.set(image.subarray(from, from + rowLength), row * rowLength);
      }
    },
    numbers: [changeCodes.flip, Number(mirrored), Number(upsideDown)],
  };
}

function mirrorRow(
  image: Float32Array,
  from: number,
  target: Float32Array,
  to: number,
  rowLength: number,
  channels: number,
): void {
  for (let at = 0; at < rowLength; at += channels) {
    const source = from + rowLength - channels - at;
    for (let channel = 0; channel < channels; channel++) target[to + at + channel] = image[source + channel];
  }
}
