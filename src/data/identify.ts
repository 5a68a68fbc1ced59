import { InputError } from "../util/errors.ts";
import type { ReadableFormat } from "./image.ts";

/** What a file is, by its first bytes. */
export interface Identity {
  /** Set where Fovea reads the format. */
  readonly format?: ReadableFormat;
  /** For people: "JPEG", "text", "HEIC". */
  readonly name: string;
}

/** How many bytes `identifyImage` needs to tell all that it knows. */
export const headLength = 4096;

const formatNames: Record<ReadableFormat, string> = {
  jpeg: "JPEG",
  png: "PNG",
  webp: "WebP",
  gif: "GIF",
  bmp: "BMP",
  tiff: "TIFF",
  avif: "AVIF",
};

const extensions: Record<string, ReadableFormat> = {
  jpg: "jpeg",
  jpeg: "jpeg",
  jpe: "jpeg",
  jfif: "jpeg",
  png: "png",
  webp: "webp",
  gif: "gif",
  bmp: "bmp",
  dib: "bmp",
  tif: "tiff",
  tiff: "tiff",
  avif: "avif",
};

/** First bytes as Latin-1 text; "." stands for any byte. The first that fits wins. */
const signatures: readonly (readonly [pattern: string, identity: ReadableFormat | string])[] = [
  ["\xff\xd8\xff", "jpeg"],
  ["\x89PNG\r\n\x1a\n", "png"],
  ["RIFF....WEBP", "webp"],
  ["GIF87a", "gif"],
  ["GIF89a", "gif"],
  ["II*\0....CR", "Canon raw (CR2)"],
  ["II*\0", "tiff"],
  ["MM\0*", "tiff"],
  ["II+\0", "tiff"],
  ["MM\0+", "tiff"],
  ["\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"],
  ["\xff\x4f\xff\x51", "JPEG 2000"],
  ["\xff\x0a", "JPEG XL"],
  ["\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"],
  ["8BPS", "a Photoshop document"],
  ["%PDF-", "PDF"],
  ["%!PS", "PostScript"],
  ["PK\x03\x04", "a ZIP archive"],
  ["PK\x05\x06", "a ZIP archive"],
  ["\x1f\x8b", "a gzip archive"],
  ["Rar!", "a RAR archive"],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive"],
  ["\0\0\x01\0", "an icon (ICO)"],
  ["\0\0\x02\0", "a cursor (CUR)"],
  ["RIFF....AVI ", "a video (AVI)"],
  ["RIFF....WAVE", "sound (WAV)"],
  ["\x1aE\xdf\xa3", "a video (WebM or Matroska)"],
  ["ID3", "sound (MP3)"],
  ["OggS", "sound or video (Ogg)"],
  ["\x76\x2f\x31\x01", "OpenEXR"],
  ["#?RADIANCE", "Radiance HDR"],
  ["\x89HDF\r\n\x1a\n", "HDF5"],
];

const heicBrands = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx"]);
const avifBrands = new Set(["avif", "avis"]);

/** Tells from the first bytes (see `headLength`) what a file is, whatever its name says. */
export function identifyImage(head: Uint8Array): Identity {
  if (head.length === 0) return { name: "an empty file" };
  const text = latin1(head.subarray(0, headLength));
  for (const [pattern, identity] of signatures) {
    if (matches(text, pattern)) return toIdentity(identity);
  }
  if (text.slice(4, 8) === "ftyp") return identifyIsoMedia(text);
  if (isBmp(head)) return toIdentity("bmp");
  return { name: nameOfText(head, text) ?? "data of an unknown kind" };
}

/** The format that a file's extension promises, if it promises one that is read. */
export function expectedFormatOfName(path: string): ReadableFormat | undefined {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1].toLowerCase() ?? "";
  return Object.hasOwn(extensions, extension) ? extensions[extension] : undefined;
}

/** The refusal of what no reader is there for. */
export function notAnImage({ name }: Identity): InputError {
  const formats = Object.values(formatNames).join(", ");
  return new InputError("image.unsupported", `Expected an image (${formats}), found ${name}`);
}

/** A readable format as people write it. */
export function nameOfFormat(format: ReadableFormat): string {
  return formatNames[format];
}

function toIdentity(identity: ReadableFormat | string): Identity {
  if (!Object.hasOwn(formatNames, identity)) return { name: identity };
  const format = identity as ReadableFormat;
  return { format, name: formatNames[format] };
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

function matches(text: string, pattern: string): boolean {
  if (text.length < pattern.length) return false;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== "." && pattern[i] !== text[i]) return false;
  }
  return true;
}

/** AVIF, HEIC and MP4 share one container (ISO/IEC 14496-12); the brands in its first box tell them apart. */
function identifyIsoMedia(text: string): Identity {
  const size = (text.charCodeAt(0) << 24) | (text.charCodeAt(1) << 16) | (text.charCodeAt(2) << 8);
  const end = Math.min(size | text.charCodeAt(3), text.length);
  const major = text.slice(8, 12);
  const brands = [major];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text.slice(at, at + 4));
  if (avifBrands.has(major)) return toIdentity("avif");
  if (heicBrands.has(major)) return { name: "HEIC" };
  if (brands.some((brand) => avifBrands.has(brand))) return toIdentity("avif");
  if (brands.some((brand) => heicBrands.has(brand))) return { name: "HEIC" };
  return { name: major.startsWith("crx") ? "Canon raw (CR3)" : "a video (MP4 or QuickTime)" };
}

/** "BM" alone is a common start of text, so that the size of the header behind it is looked at too. */
function isBmp(head: Uint8Array): boolean {
  if (head.length < 18 || head[0] !== 0x42 || head[1] !== 0x4d) return false;
  const headerSize = head[14] | (head[15] << 8) | (head[16] << 16) | (head[17] << 24);
  return [12, 16, 40, 52, 56, 64, 108, 124].includes(headerSize);
}

/** What kind of text it is, or `undefined` where control characters or broken UTF-8 show that it is none. */
function nameOfText(head: Uint8Array, text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(text) || !isUtf8(head)) return undefined;
  if (/^\s*$/.test(text)) return "blank text";
  if (/<svg[\s>]/i.test(text)) return "SVG";
  if (/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i.test(text)) return "an HTML page";
  return "text";
}

/** Whether it is UTF-8 as far as it goes; its last character may be cut. */
function isUtf8(head: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
