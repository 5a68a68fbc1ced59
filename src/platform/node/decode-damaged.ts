import { headLength, identifyImage } from "../../data/identify.ts";
import type { RgbImage } from "../../data/image.ts";
import { checkPixels, checkScans } from "../../data/pixel-limit.ts";
import { type DecodingRule, plainDecoding } from "../../data/preprocessing.ts";
import { decodeImage } from "./decode.ts";
import { withoutBuffer } from "./files.ts";
import { mendPng } from "./mend-png.ts";
import { loadSharp } from "./sharp.ts";

/** What decodes of damaged files is decoded up to this size; it is only looked at. */
const glance: DecodingRule = { ...plainDecoding, maxPixels: 100_000_000 };

/** What can be had of a damaged image, what is missing in one colour; undefined where it is nothing. */
export async function decodeDamaged(bytes: Uint8Array): Promise<RgbImage | undefined> {
  const { format } = identifyImage(bytes.subarray(0, headLength));
  try {
    if (format === "bmp") return await decodeImage(bytes);
    if (format === "webp") return await decodeCutWebp(bytes);
    if (format === "png") return await decodeCutPng(bytes);
    return format && (await decodeForgiving(bytes, format));
  } catch {
    return undefined;
  }
}

async function decodeForgiving(
  bytes: Uint8Array,
  format: Parameters<typeof checkPixels>[0]["format"],
): Promise<RgbImage> {
  const options = { failOn: "none", limitInputPixels: false, pages: 1 } as const;
  const sharp = loadSharp();
  const { width, height } = await sharp(bytes, options).metadata();
  checkPixels({ width, height, format }, glance);
  if (format === "jpeg") checkScans(bytes, { width, height, format }, glance);
  const image = sharp(bytes, options).removeAlpha().toColourspace("srgb").raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${info.channels} channels`);
  return { width: info.width, height: info.height, pixels: withoutBuffer(data) };
}

async function decodeCutPng(bytes: Uint8Array): Promise<RgbImage | undefined> {
  const mended = await mendPng(bytes);
  return mended && decodeForgiving(mended, "png");
}

/** A WebP that says to be larger is none that was cut. */
const MOST_BYTES = 100_000_000;
/** Of the data that is there; what decodes otherwise without them comes from them. */
const LAST_BYTES = 64;

/**
 * libwebp gives nothing of a file that is cut, but with zeros in the place of the rest it makes something up from these. Where that
 * begins is where a picture begins to differ that has a little less of the data. Of lossless ones some take no zeros.
 */
async function decodeCutWebp(bytes: Uint8Array): Promise<RgbImage> {
  const length = 8 + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(4, true);
  if (length <= bytes.length || length > MOST_BYTES) return decodeForgiving(bytes, "webp");
  const [more, less] = await Promise.all(
    [0, LAST_BYTES].map((fewer) => {
      const padded = new Uint8Array(length);
      padded.set(bytes.subarray(0, Math.max(0, bytes.length - fewer)));
      return decodeForgiving(padded, "webp");
    }),
  );
  const rowBytes = more.width * 3;
  const differing = more.pixels.findIndex((value, i) => value !== less.pixels[i]);
  if (differing >= 0) more.pixels.fill(0, Math.floor(differing / rowBytes) * rowBytes);
  return more;
}
