import { InputError } from "../util/errors.ts";
import type { RgbImage } from "./image.ts";
import { checkPixels } from "./pixel-limit.ts";
import { type DecodingRule, plainDecoding } from "./preprocessing.ts";

/**
 * Decoder for Windows bitmaps, which libvips does not read: every uncompressed depth (1, 4, 8 with a palette;
 * 16, 24, 32 with or without masks), bottom-up and top-down, OS/2 to V5 headers. Alpha is dropped.
 * https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
 */
export function decodeBmp(bytes: Uint8Array, rule = plainDecoding): RgbImage {
  const layout = readLayout(bytes, rule);
  const { width, height, bitsPerPixel, topDown, rowBytes, pixelOffset } = layout;
  const pixels = new Uint8Array(width * height * 3);
  const readPixel = bitsPerPixel <= 8 ? paletteReader(bytes, layout) : maskReader(bytes, layout);
  for (let y = 0; y < height; y++) {
    const row = pixelOffset + (topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++) readPixel(row, x, pixels, (y * width + x) * 3);
  }
  return { width, height, pixels };
}

interface BmpLayout {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bitsPerPixel: number;
  readonly pixelOffset: number;
  readonly rowBytes: number;
  /** Where the palette lies, and how many bytes and entries it has. */
  readonly palette: { readonly offset: number; readonly entryBytes: number; readonly entries: number };
  /** Bits of red, green and blue in a pixel of 16, 24 or 32 bits. */
  readonly masks: readonly [number, number, number];
}

type PixelReader = (row: number, x: number, target: Uint8Array, at: number) => void;

const compressionNames: Record<number, string> = { 1: "RLE8", 2: "RLE4", 4: "JPEG", 5: "PNG" };
const coreHeaderSize = 12;

function readLayout(bytes: Uint8Array, rule: DecodingRule): BmpLayout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerSize = bytes.length >= 26 ? view.getUint32(14, true) : 0;
  const core = headerSize === coreHeaderSize;
  if (headerSize < coreHeaderSize || bytes.length < (core ? 26 : 54)) throw cutShort();
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bitsPerPixel = view.getUint16(core ? 24 : 28, true);
  const compression = core ? 0 : view.getUint32(30, true);
  checkSupported(width, height, bitsPerPixel, compression);
  checkPixels({ width, height, format: "bmp" }, rule);
  const pixelOffset = view.getUint32(10, true);
  const rowBytes = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const lastRowBytes = Math.ceil((width * bitsPerPixel) / 8);
  if (pixelOffset + rowBytes * (height - 1) + lastRowBytes > bytes.length) throw cutShort();
  const paletteOffset = 14 + headerSize;
  const entryBytes = core ? 3 : 4;
  const entries = Math.min(2 ** bitsPerPixel, Math.floor((pixelOffset - paletteOffset) / entryBytes));
  return {
    width,
    height,
    topDown: signedHeight < 0,
    bitsPerPixel,
    pixelOffset,
    rowBytes,
    palette: { offset: paletteOffset, entryBytes, entries },
    masks: compression === 0 ? defaultMasks(bitsPerPixel) : readMasks(view),
  };
}

function checkSupported(width: number, height: number, bitsPerPixel: number, compression: number): void {
  if (width <= 0 || height === 0 || ![1, 4, 8, 16, 24, 32].includes(bitsPerPixel)) {
    throw new InputError(
      "image.corrupt",
      `Expected a BMP image, found a damaged one (${width}x${height}, ${bitsPerPixel} bits a pixel)`,
    );
  }
  const bitFields = (compression === 3 || compression === 6) && bitsPerPixel >= 16;
  if (compression !== 0 && !bitFields) {
    const name = compressionNames[compression] ?? `kind ${compression}`;
    throw new InputError("image.unsupported", `Expected an uncompressed BMP, found ${name} compression`);
  }
}

function defaultMasks(bitsPerPixel: number): [number, number, number] {
  return bitsPerPixel === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
}

/** The masks lie behind a V3 header and inside a V4 or V5 one, which is the same place. */
function readMasks(view: DataView): [number, number, number] {
  if (view.byteLength < 66) throw cutShort();
  return [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)];
}

function paletteReader(bytes: Uint8Array, { bitsPerPixel, palette }: BmpLayout): PixelReader {
  const perByte = 8 / bitsPerPixel;
  const mask = 2 ** bitsPerPixel - 1;
  return (row, x, target, at) => {
    const byte = bytes[row + Math.floor(x / perByte)];
    const index = (byte >> ((perByte - 1 - (x % perByte)) * bitsPerPixel)) & mask;
    if (index >= palette.entries) return; // black, as other readers show an index past the palette
    const entry = palette.offset + index * palette.entryBytes;
    target[at] = bytes[entry + 2];
    target[at + 1] = bytes[entry + 1];
    target[at + 2] = bytes[entry];
  };
}

function maskReader(bytes: Uint8Array, { bitsPerPixel, masks }: BmpLayout): PixelReader {
  const pixelBytes = bitsPerPixel / 8;
  const channels = masks.map(channelOfMask);
  return (row, x, target, at) => {
    const from = row + x * pixelBytes;
    let value = 0;
    for (let i = pixelBytes - 1; i >= 0; i--) value = ((value << 8) | bytes[from + i]) >>> 0;
    for (let c = 0; c < 3; c++) {
      const { shift, largest } = channels[c];
      target[at + c] = Math.floor((((value >>> shift) & largest) * 255) / largest);
    }
  };
}

function channelOfMask(mask: number): { shift: number; largest: number } {
  if (mask === 0) return { shift: 0, largest: 1 };
  const shift = 31 - Math.clz32(mask & -mask);
  return { shift, largest: mask >>> shift };
}

function cutShort(): InputError {
  return new InputError("image.cut-short", "Expected a whole BMP image, found one that ends too early");
}
