import { z } from "zod";
import { type Preprocessing, preprocessingSchema } from "../data/preprocessing.ts";

/** Side of the largest image that is offered to a model. */
const LARGEST_SIDE = 4096;

/** What of the rule from a file to what the model takes is open to choice. */
export const ruleOptions = {
  imageSize: z
    .number()
    .int()
    .min(1)
    .max(LARGEST_SIDE)
    .default(256)
    .describe("Side in pixels of the square that photos are resized to"),
  ...preprocessingSchema.pick({
    resize: true,
    interpolation: true,
    antialias: true,
    decode: true,
    colorMode: true,
    background: true,
    iccProfile: true,
    maxPixels: true,
  }).shape,
};

/** The rule that options ask for. What has been made smaller while it was decoded must be antialiased, and so all photos are. */
export function ruleFor(options: z.infer<z.ZodObject<typeof ruleOptions>>): Preprocessing {
  const { imageSize, decode } = options;
  const antialias = options.antialias || decode === "fast";
  return preprocessingSchema.parse({ ...options, height: imageSize, width: imageSize, antialias });
}
