import { z } from "zod";

/** How a picture of another size becomes one of the model's. */
export const resizeModes = ["stretch", "crop", "pad"] as const;
export type ResizeMode = (typeof resizeModes)[number];

/** As `tf.image.resize` names them. */
export const interpolations = ["nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5"] as const;
export type Interpolation = (typeof interpolations)[number];

/**
 * The largest picture that is decoded unless the rule says otherwise: where Pillow refuses too. As RGB it takes half a gigabyte.
 */
const PIXEL_LIMIT = 178_956_970;

/** "#rrggbb" of what people write for a colour, or undefined. */
function colourOf(text: string): string | undefined {
  const names: Readonly<Record<string, string>> = { white: "#ffffff", grey: "#808080", black: "#000000" };
  const known = Object.hasOwn(names, text) ? names[text] : text.toLowerCase();
  return /^#[0-9a-f]{6}$/.test(known) ? known : undefined;
}

/**
 * The rule from a file to what a model takes, in the order in which it is applied: decode, orient, colour, resize, scale. It is
 * stored in the model file, so that training, evaluation and prediction cannot differ. What an older file does not say is as
 * the defaults have it.
 */
export const preprocessingSchema = z.object({
  height: z.number().int().positive().describe("Height of the model's input, in pixels"),
  width: z.number().int().positive().describe("Width of the model's input, in pixels"),
  decode: z
    .enum(["exact", "fast"])
    .default("exact")
    .describe("Every pixel, or large JPEG made smaller while it is decoded, and antialiased"),
  maxPixels: z
    .number()
    .int()
    .positive()
    .default(PIXEL_LIMIT)
    .describe("Photos of more pixels than this are refused before they are decoded"),
  orient: z.literal("exif").default("exif").describe("Upright, as the camera was held"),
  iccProfile: z
    .enum(["ignore", "srgb"])
    .default("ignore")
    .describe("Whether colours are brought from the profile in the file to sRGB"),
  background: z
    .string()
    .default("none")
    .refine(
      (text) => text === "none" || colourOf(text) !== undefined,
      "a colour such as white or #ff8800, or none",
    )
    .transform((text) => colourOf(text) ?? "none")
    .describe(
      "What shows through where a photo is transparent; with none its alpha is dropped, as TensorFlow does",
    ),
  colorMode: z.enum(["rgb", "grayscale"]).default("rgb").describe("Three channels or one"),
  resize: z
    .enum(resizeModes)
    .default("stretch")
    .describe("Both sides scaled, or the middle cut out, or black added, to keep the aspect"),
  interpolation: z
    .enum(interpolations)
    .default("bilinear")
    .describe("What lies between pixels, as tf.image.resize has it"),
  antialias: z
    .boolean()
    .default(false)
    .describe("Average over what falls together when a photo is made smaller"),
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

type PlainDecoding = Pick<Preprocessing, "maxPixels" | "iccProfile" | "background">;

/** The part of the rule that decides what a decoded picture is; fast decoding depends on what it will be resized to. */
export type DecodingRule = PlainDecoding &
  (
    | { readonly decode: "exact" }
    | ({ readonly decode: Preprocessing["decode"] } & Pick<Preprocessing, "height" | "width" | "resize">)
  );

const { shape } = preprocessingSchema;

/** What holds where no rule is given. */
export const plainDecoding: DecodingRule = {
  decode: "exact",
  maxPixels: shape.maxPixels.parse(undefined),
  iccProfile: shape.iccProfile.parse(undefined),
  background: shape.background.parse(undefined),
};

/** Whether a file is the same picture as without a rule. */
export function decodesPlainly(rule: DecodingRule): boolean {
  const names = ["decode", "maxPixels", "iccProfile", "background"] as const;
  return names.every((name) => rule[name] === plainDecoding[name]);
}

/** Channels of the model's input. */
export function channelsOf({ colorMode }: Pick<Preprocessing, "colorMode">): 1 | 3 {
  return colorMode === "grayscale" ? 1 : 3;
}
