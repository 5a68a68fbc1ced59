import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEntry, encodeEntry } from "../../../src/data/cache/entry.ts";
import type { KeptPhoto } from "../../../src/data/cache/photo-store.ts";
import { floatPhoto, pixelPhoto, withFingerprint } from "./photos.ts";

const encode = (key: string, photo: KeptPhoto) =>
  new Uint8Array(Buffer.concat(encodeEntry(key, photo, crc32)));
const decode = (key: string, bytes: Uint8Array) => decodeEntry(key, bytes, crc32);

const photos: readonly (readonly [name: string, photo: KeptPhoto])[] = [
  ["a picture of one pixel", pixelPhoto(3, 1)],
  ["a picture", pixelPhoto(1, 17)],
  ["a grey picture", pixelPhoto(2, 5, 1)],
  ["floats", floatPhoto(4, 31)],
  ["a picture with a fingerprint", withFingerprint(pixelPhoto(5))],
  ["floats with a fingerprint", withFingerprint(floatPhoto(6, 7))],
];

describe("an entry", () => {
  it.each(photos)("gives %s back, bit for bit", (_, photo) => {
    expect(decode("key", encode("key", photo))).toEqual(photo);
  });

  it("gives the bits of floats back that are no numbers, and minus zero", () => {
    const image = Float32Array.of(Number.NaN, -0, Number.POSITIVE_INFINITY, 1e-45);
    const found = decode("key", encode("key", { ...floatPhoto(1), image }));
    expect(new Uint32Array((found?.image as Float32Array).slice().buffer)).toEqual(
      new Uint32Array(image.slice().buffer),
    );
  });

  it("lets its fingerprint be kept without its image", () => {
    const found = decode("key", encode("key", withFingerprint(pixelPhoto(1, 20))));
    expect(found?.fingerprint?.grey.buffer.byteLength).toBe(1024);
  });

  it("is refused under another key", () => {
    const bytes = encode("one", pixelPhoto(1));
    expect(decode("two", bytes)).toBeUndefined();
    expect(decode("one", bytes)).toBeDefined();
  });

  it("is refused when any one of its bytes is another", () => {
    const bytes = encode("key", withFingerprint(pixelPhoto(1, 3)));
    for (let index = 0; index < bytes.length; index++) {
      const damaged = bytes.slice();
      damaged[index] ^= 1 << (index % 8);
      expect(decode("key", damaged), `byte ${index}`).toBeUndefined();
    }
  });

  it("is refused when it is shorter or longer, or is anything else", () => {
    const bytes = encode("key", pixelPhoto(1, 3));
    for (let length = 0; length < bytes.length; length++)
      expect(decode("key", bytes.subarray(0, length)), `${length} bytes`).toBeUndefined();
    expect(decode("key", Uint8Array.of(...bytes, 0))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => decode("key", noise) === undefined));
  });

  it("of a file that is none of the formats is a bug", () => {
    expect(() => encode("key", { ...pixelPhoto(1), identity: { name: "text" } })).toThrow(RangeError);
  });
});
