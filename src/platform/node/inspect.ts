import { headLength, identifyImage } from "../../data/identify.ts";
import type { RgbImage } from "../../data/image.ts";
import { decodeImage } from "./decode.ts";
import { withoutBuffer } from "./files.ts";

/** What decodes of damaged files is decoded up to this size; it is only looked at. */
const pixelLimit = 100_000_000;

/** How many frames or pages a file of images has; 1 where it does not say. */
export async function countFrames(bytes: Uint8Array): Promise<number> {
  const { format } = identifyImage(bytes.subarray(0, headLength));
  if (format === undefined || ["jpeg", "png", "bmp"].includes(format)) return 1;
  const { default: sharp } = await import("sharp");
  const { pages = 1 } = await sharp(bytes).metadata();
  return pages;
}

/** What can be had of a damaged image, what is missing in one colour; undefined where it is nothing. */
export async function decodeDamaged(bytes: Uint8Array): Promise<RgbImage | undefined> {
  const { format } = identifyImage(bytes.subarray(0, headLength));
  if (format === undefined) return undefined;
  try {
    if (format === "bmp") return await decodeImage(bytes);
    const { default: sharp } = await import("sharp");
    const image = sharp(bytes, { failOn: "none", limitInputPixels: pixelLimit, pages: 1 });
    const { data, info } = await image
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) return undefined;
    return { width: info.width, height: info.height, pixels: withoutBuffer(data) };
  } catch {
    return undefined;
  }
}

/** Encodes 8-bit RGB as a JPEG for people to look at. */
export async function encodeJpeg({ width, height, pixels }: RgbImage): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const raw = { width, height, channels: 3 } as const;
  return withoutBuffer(await sharp(pixels, { raw }).jpeg({ quality: 80 }).toBuffer());
}
