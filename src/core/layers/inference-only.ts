import { z } from "zod";
import { InputError } from "../../util/errors.ts";
import { defineLayer } from "./define.ts";

/** Layers that vary what passes while training, in ways that Fovea has not, and let all pass as it is otherwise. */
const defineInferenceOnly = (className: string) =>
  defineLayer({
    className,
    config: z.looseObject({}),
    outputShape: (input) => [...input],
    record: (_recorder, x, { training }) => {
      if (!training) return x;
      throw new InputError(
        "model.cannot-train",
        `Expected a model that can be trained here, found a ${className} in it, which Fovea only predicts with; take it out, and use --augment or Dropout`,
      );
    },
  });

export const inferenceOnly = [
  "AlphaDropout",
  "GaussianDropout",
  "GaussianNoise",
  "RandomBrightness",
  "RandomContrast",
  "RandomFlip",
  "RandomRotation",
  "RandomTranslation",
  "RandomZoom",
].map(defineInferenceOnly);
