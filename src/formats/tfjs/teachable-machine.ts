import { z } from "zod";
import type { OwnParts } from "../keras/own-parts.ts";
import type { ModelSource } from "../model-files.ts";

/** What Teachable Machine writes beside its image models. */
const metadataSchema = z.object({ tmVersion: z.string(), labels: z.array(z.string()).min(1) });

/**
 * Classes and preprocessing of a Teachable Machine model, by the `metadata.json` beside it. Its own library draws a photo on a square canvas, the
 * middle filling it, and makes of a byte x x/127 - 1: 127, not 127.5 (`capture` in its utils/tf.ts). Where a canvas makes a photo
 * smaller it averages, so antialiased is nearest to it.
 */
export async function teachableMachineParts(
  source: ModelSource,
  [height, width, channels]: readonly number[],
): Promise<OwnParts> {
  const bytes = await source.beside("metadata.json");
  const metadata = metadataSchema.safeParse(bytes && orNothing(new TextDecoder().decode(bytes)));
  if (!metadata.success) return {};
  const colorMode = channels === 1 ? "grayscale" : "rgb";
  const preprocessing = {
    height,
    width,
    colorMode,
    resize: "crop",
    antialias: true,
    scale: 1 / 127,
    offset: -1,
  };
  return { classes: metadata.data.labels, preprocessing };
}

/** Any other metadata.json is none of ours. */
function orNothing(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
