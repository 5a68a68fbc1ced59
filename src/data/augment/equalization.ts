import {
  type Change,
  clip,
  type ImageAugmentation,
  type ImageKind,
  type ValueRange,
} from "./augmentation.ts";

const BINS = 256;

/** Keras's Equalization: spreads the values of each channel so that all of 256 steps are about as frequent. */
export function equalization(): ImageAugmentation {
  return { kind: "image", className: "Equalization", draw: (_, kind) => [equalize(kind)] };
}

export function equalize({ channels, valueRange }: ImageKind): Change {
  return {
    apply: (image, target) => {
      for (let channel = 0; channel < channels; channel++)
        equalizeChannel(image, channel, channels, valueRange, target);
    },
  };
}

function equalizeChannel(
  image: Float32Array,
  channel: number,
  channels: number,
  range: ValueRange,
  target: Float32Array,
): void {
  const counts = new Uint32Array(BINS);
  for (let i = channel; i < image.length; i += channels) counts[binOf(image[i], range)]++;
  const spread = spreadOf(counts);
  const { scale, offset } = rescaling([0, 255], range);
  for (let i = channel; i < image.length; i += channels) {
    target[i] = spread ? spread[binOf(image[i], range)] * scale + offset : image[i];
  }
}

/** What each step becomes, from 0 to 255; nothing where there is only one. */
function spreadOf(counts: Uint32Array): Float64Array | undefined {
  const used = counts.findIndex((count) => count > 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const others = total - counts[used];
  if (others === 0) return undefined;
  let sum = 0;
  return Float64Array.from(counts, (count) => {
    sum += count;
    return clip(roundHalfToEven(((sum - counts[used]) * 255) / others), 0, 255);
  });
}

/** Keras scales to 0…255 in float32, and the last bit decides between two steps. */
function binOf(value: number, range: ValueRange): number {
  const { scale, offset } = rescaling(range, [0, 255]);
  const scaled = Math.fround(Math.fround(value * Math.fround(scale)) + Math.fround(offset));
  return Math.trunc(clip(scaled, 0, BINS - 1));
}

function rescaling([fromLeast, fromGreatest]: ValueRange, [toLeast, toGreatest]: ValueRange) {
  const scale = (toGreatest - toLeast) / (fromGreatest - fromLeast);
  return { scale, offset: toLeast - fromLeast * scale };
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
