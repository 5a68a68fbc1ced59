import { type Change, clip, type ImageAugmentation, type ImageKind } from "./augmentation.ts";

/** Keras's AutoContrast: stretches each channel so that it fills the range; one of a single value stays. */
export function autoContrast(): ImageAugmentation {
  return { kind: "image", className: "AutoContrast", draw: (_, kind) => [stretchContrast(kind)] };
}

export function stretchContrast({ channels, valueRange }: ImageKind): Change {
  return {
    apply: (image, target) => {
      for (let channel = 0; channel < channels; channel++) {
        let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
        for (let i = channel; i < image.length; i += channels) {
          low = Math.min(low, image[i]);
          high = Math.max(high, image[i]);
        }
        const [least, greatest] = high > low ? valueRange : [low, high];
        const scale = high > low ? (greatest - least) / (high - low) : 1;
        for (let i = channel; i < image.length; i += channels) {
          target[i] = clip((image[i] - low) * scale + least, least, greatest);
        }
      }
    },
  };
}
