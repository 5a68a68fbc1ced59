import { nameOfFormat } from "../identify.ts";
import { type PixelImage, readableFormats } from "../image.ts";
import { CACHE_VERSION } from "./photo-key.ts";
import type { KeptPhoto } from "./photo-store.ts";

/** CRC-32 of bytes, going on from that of the bytes before them (0 at the beginning). */
export type Checksum = (bytes: Uint8Array, before: number) => number;

/** A multiple of four, as fingerprints are, so that floats can be read in place. */
const HEADER = 64;

const magic = new TextEncoder().encode("FOVEAPIC");

/** Places of the header's numbers, each of 32 bits, little-endian, behind the magic letters. What follows the checksum is under it. */
const at = {
  version: 8,
  checksum: 12,
  bodyLength: 16,
  format: 20,
  width: 24,
  height: 28,
  /** 0 for floats. */
  channels: 32,
  fingerprintLength: 36,
} as const;

/**
 * A kept photo as the bytes of a file, in pieces that lie one behind the other: header, fingerprint, and the image as it lies in
 * memory. The checksum is over the key too, so that an entry under the wrong name is a damaged one.
 */
export function encodeEntry(key: string, photo: KeptPhoto, checksum: Checksum): Uint8Array[] {
  const { identity, image, fingerprint } = photo;
  const format = identity.format === undefined ? -1 : readableFormats.indexOf(identity.format);
  if (format < 0) throw new RangeError(`Expected a photo of a format that is read, found ${identity.name}`);
  const grey = fingerprint?.grey ?? new Uint8Array(0);
  const pixels = image instanceof Float32Array ? bytesOf(image) : image.pixels;
  const { width, height, channels } =
    image instanceof Float32Array ? { width: image.length, height: 1, channels: 0 } : image;
  const header = new Uint8Array(HEADER);
  header.set(magic);
  const view = new DataView(header.buffer);
  const write = (place: number, value: number) => view.setUint32(place, value, true);
  write(at.version, CACHE_VERSION);
  write(at.bodyLength, grey.byteLength + pixels.byteLength);
  write(at.format, format);
  write(at.width, width);
  write(at.height, height);
  write(at.channels, channels);
  write(at.fingerprintLength, grey.byteLength);
  write(at.checksum, checksumOf(key, [header.subarray(at.bodyLength), grey, pixels], checksum));
  return [header, grey, pixels];
}

/** The photo in an entry's bytes, its image read in place; undefined where they are not, to the last bit, what was written for this key. */
export function decodeEntry(key: string, bytes: Uint8Array, checksum: Checksum): KeptPhoto | undefined {
  if (bytes.length < HEADER || magic.some((letter, index) => bytes[index] !== letter)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const read = (place: number) => view.getUint32(place, true);
  if (read(at.version) !== CACHE_VERSION || read(at.bodyLength) !== bytes.length - HEADER) return undefined;
  if (read(at.checksum) !== checksumOf(key, [bytes.subarray(at.bodyLength)], checksum)) return undefined;
  const imageAt = HEADER + read(at.fingerprintLength);
  const grey = bytes.slice(HEADER, imageAt); // a copy: whoever keeps it must not keep the image with it
  const format = readableFormats[read(at.format)];
  return {
    identity: { format, name: nameOfFormat(format) },
    ...(grey.length > 0 && { fingerprint: { grey } }),
    image: imageIn(bytes.subarray(imageAt), read(at.width), read(at.height), read(at.channels)),
  };
}

function imageIn(bytes: Uint8Array, width: number, height: number, channels: number): KeptPhoto["image"] {
  if (channels === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, width);
  return { width, height, channels: channels as PixelImage["channels"], pixels: bytes };
}

function checksumOf(key: string, pieces: readonly Uint8Array[], checksum: Checksum): number {
  return [new TextEncoder().encode(key), ...pieces].reduce((before, piece) => checksum(piece, before), 0);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);
