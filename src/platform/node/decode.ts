import { decodeBmp } from "../../data/bmp.ts";
import { headLength, identifyImage, nameOfFormat, notAnImage } from "../../data/identify.ts";
import type { ReadableFormat, RgbImage } from "../../data/image.ts";
import { checkPixels, checkScans } from "../../data/pixel-limit.ts";
import { type DecodingRule, plainDecoding } from "../../data/preprocessing.ts";
import { shrinkOf } from "../../data/shrink.ts";
import { InputError } from "../../util/errors.ts";
import { withDecodingMemory } from "./decoding-memory.ts";
import { withoutBuffer } from "./files.ts";
import { decodeJpeg } from "./jpeg.ts";
import { makeRoom } from "./release.ts";
import { loadSharp, type Metadata, type Sharp, type SharpOptions } from "./sharp.ts";

/**
 * Decodes to upright 8-bit RGB. The bytes of JPEG (accurate integer DCT), PNG, GIF and BMP are those that
 * TensorFlow decodes, and where it defines an answer it is followed: unless the rule says otherwise alpha is dropped, not
 * blended, and the colour profile is left alone; 16 bits lose the lower eight; CMYK is turned by the plain formula. Only the first
 * frame or page is read. What breaks off or does not decode is an `InputError`; a damage that the decoder cannot notice
 * (overwritten bytes in the middle of a JPEG) goes through, as in TensorFlow.
 */
export async function decodeImage(bytes: Uint8Array, rule = plainDecoding): Promise<RgbImage> {
  const identity = identifyImage(bytes.subarray(0, headLength));
  const { format } = identity;
  if (format === undefined) throw notAnImage(identity);
  if (format === "bmp") return decodeBmp(bytes, rule);
  const sharp = loadSharp(); // outside: a broken install is no fault of the photo
  try {
    const straight = format === "jpeg" ? await decodeJpeg(bytes, rule) : undefined;
    return straight ?? (await decodeWithSharp(sharp, bytes, format, rule));
  } catch (error) {
    throw error instanceof InputError ? error : decodingError(error, format);
  }
}

/** Encodes 8-bit RGB as PNG. */
export async function encodePng(image: RgbImage): Promise<Uint8Array> {
  const sharp = loadSharp();
  const { width, height, pixels } = image;
  return withoutBuffer(
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

async function decodeWithSharp(
  sharp: ReturnType<typeof loadSharp>,
  bytes: Uint8Array,
  format: ReadableFormat,
  rule: DecodingRule,
): Promise<RgbImage> {
  const options: SharpOptions = {
    failOn: "error", // cut-short files fail; what every viewer forgives, such as a wrong checksum of a comment, not
    ignoreIcc: rule.iccProfile === "ignore",
    autoOrient: true,
    limitInputPixels: false, // the check below names the size
    pages: 1,
  };
  const metadata = await sharp(bytes, options).metadata();
  const { width, height, space } = metadata;
  checkPixels({ width, height, format }, rule);
  if (format === "jpeg") checkScans(bytes, { width, height, format }, rule);
  const profiled = metadata.hasProfile && rule.iccProfile === "srgb";
  const cmyk = space === "cmyk" && !profiled; // a profile knows its inks better than the plain formula
  const divisor = format === "jpeg" ? shrinkOf(rule, metadata.autoOrient) : 1;
  const needed = width * height * bytesPerPixel(metadata);
  return withDecodingMemory(needed, async () => {
    makeRoom((width * height * 3) / divisor ** 2);
    const image = withoutAlpha(sharp(bytes, options), rule);
    if (divisor > 1) shrink(image, metadata.autoOrient, divisor);
    const converted = cmyk
      ? image.pipelineColourspace("cmyk").toColourspace("cmyk")
      : image.toColourspace("srgb");
    if (profiled && space === "rgb16") converted.withIccProfile("srgb"); // sharp leaves these in Display P3
    const { data, info } = await converted.raw().toBuffer({ resolveWithObject: true });
    if (info.channels !== (cmyk ? 4 : 3)) throw new Error(`${info.channels} channels of ${space}`);
    return { width: info.width, height: info.height, pixels: cmyk ? cmykToRgb(data) : withoutBuffer(data) };
  });
}

function withoutAlpha(image: Sharp, { background }: DecodingRule) {
  return background === "none" ? image.removeAlpha() : image.flatten({ background });
}

function shrink(image: Sharp, upright: { width: number; height: number }, divisor: number): void {
  const [width, height] = [upright.width, upright.height].map((side) => Math.floor(side / divisor));
  image.resize(width, height, { fit: "fill", kernel: "cubic" });
}

/** A progressive JPEG holds all its 16-bit coefficients as well, of half as many samples where colours are halved both ways. */
function bytesPerPixel({ isProgressive, chromaSubsampling }: Metadata): number {
  if (!isProgressive) return 4;
  return chromaSubsampling === "4:2:0" ? 6 : 9;
}

/** Red is what cyan and black leave, rounded down as TensorFlow does. */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const light = 255 - cmyk[from + 3];
    for (let c = 0; c < 3; c++) rgb[to + c] = Math.floor(((255 - cmyk[from + c]) * light) / 255);
  }
  return rgb;
}

const endsTooEarly = /premature end|unexpected end|not enough data|bad seek|end of file|truncated/i;

/** libvips answers with several lines, often the same one again; people get one sentence and programs the cause. */
function decodingError(error: unknown, format: ReadableFormat): InputError {
  const message = error instanceof Error ? error.message : String(error);
  const name = nameOfFormat(format);
  if (endsTooEarly.test(message)) {
    const text = `Expected a whole ${name} image, found one that ends too early`;
    return new InputError("image.cut-short", text, { cause: error });
  }
  const text = `Expected a ${name} image that can be decoded, found one that is cut short or damaged`;
  return new InputError("image.corrupt", text, { cause: error });
}
