import { headLength, identifyImage } from "../../data/identify.ts";
import type { RgbImage } from "../../data/image.ts";
import { checkPixels, checkScans } from "../../data/pixel-limit.ts";
import { type DecodingRule, plainDecoding } from "../../data/preprocessing.ts";
import { decodeImage } from "./decode.ts";
import { withoutBuffer } from "./files.ts";

/** What decodes of damaged files is decoded up to this size; it is only looked at. */
const glance: DecodingRule = { ...plainDecoding, maxPixels: 100_000_000 };

/** How many frames or pages a file of images has; 1 where it does not say, or only the first of them is sound. */
export async function countFrames(bytes: Uint8Array): Promise<number> {
  const { format } = identifyImage(bytes.subarray(0, headLength));
  if (format === undefined || ["jpeg", "png", "bmp"].includes(format)) return 1;
  const { default: sharp } = await import("sharp");
  const { pages = 1 } = await sharp(bytes, { failOn: "none" })
    .metadata()
    .catch(() => ({ pages: 1 }));
  return pages;
}

/** What can be had of a damaged image, what is missing in one colour; undefined where it is nothing. */
export async function decodeDamaged(bytes: Uint8Array): Promise<RgbImage | undefined> {
  const { format } = identifyImage(bytes.subarray(0, headLength));
  if (format === undefined) return undefined;
  try {
    if (format === "bmp") return await decodeImage(bytes);
    const { default: sharp } = await import("sharp");
    const options = { failOn: "none", limitInputPixels: false, pages: 1 } as const;
    const { width, height } = await sharp(bytes, options).metadata();
    checkPixels({ width, height, format }, glance);
    if (format === "jpeg") checkScans(bytes, { width, height, format }, glance);
    const image = sharp(bytes, options);
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
