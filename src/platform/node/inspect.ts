import { headLength, identifyImage } from "../../data/identify.ts";
import type { RgbImage } from "../../data/image.ts";
import type { ImageTraits } from "../../data/platform.ts";
import { withoutBuffer } from "./files.ts";
import { loadSharp } from "./sharp.ts";

const plain: ImageTraits = { frames: 1, hasAlpha: false };

/** What the header of an image says; it is taken for one plain picture where it does not, or only its first frame is sound. */
export async function inspect(bytes: Uint8Array): Promise<ImageTraits> {
  const { format } = identifyImage(bytes.subarray(0, headLength));
  if (format === undefined || ["jpeg", "bmp"].includes(format)) return plain;
  try {
    const { pages = 1, hasAlpha } = await loadSharp()(bytes, { failOn: "none" }).metadata();
    return { frames: pages, hasAlpha };
  } catch {
    return plain;
  }
}

/** Encodes 8-bit RGB as a JPEG for people to look at. */
export async function encodeJpeg({ width, height, pixels }: RgbImage): Promise<Uint8Array> {
  const raw = { width, height, channels: 3 } as const;
  return withoutBuffer(await loadSharp()(pixels, { raw }).jpeg({ quality: 80 }).toBuffer());
}
