import { z } from "zod";

/**
 * The rule from a decoded picture to what a model takes. It is stored in the model file, so that training,
 * evaluation and prediction cannot differ.
 */
export const preprocessingSchema = z.object({
  height: z.number().int().positive().describe("Height of the model's input, in pixels"),
  width: z.number().int().positive().describe("Width of the model's input, in pixels"),
  channels: z.literal(3).default(3).describe("Red, green, blue"),
  resize: z.literal("stretch").default("stretch").describe("Both sides are scaled, whatever the aspect"),
  interpolation: z
    .literal("bilinear")
    .default("bilinear")
    .describe("As tf.image.resize does it: half-pixel centres, no antialias"),
  scale: z
    .number()
    .default(1 / 255)
    .describe("What a byte is multiplied by"),
  offset: z.number().default(0).describe("What is added after scaling"),
});

export type Preprocessing = z.infer<typeof preprocessingSchema>;

/** What the least and the greatest byte are to the model, such as [0, 1]. */
export function valueRangeOf({ scale, offset }: Preprocessing): readonly [number, number] {
  const ends = [offset, 255 * scale + offset];
  return [Math.min(...ends), Math.max(...ends)];
}
