import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeBmp } from "../../src/data/bmp.ts";
import { identifyImage } from "../../src/data/identify.ts";

interface BmpCase {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly pixels: string;
}

const fixture = new URL("../fixtures/bmp/bmp.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: BmpCase[] };
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const plain = bytesOf(cases[0].file);

/** The plain 24-bit file with some bytes changed. */
function changed(at: number, ...values: number[]): Uint8Array {
  const bytes = plain.slice();
  bytes.set(values, at);
  return bytes;
}

describe("decodeBmp", () => {
  it.each(cases)("reads $name as Pillow does", ({ file, width, height, pixels }) => {
    expect(decodeBmp(bytesOf(file))).toEqual({ width, height, pixels: bytesOf(pixels) });
    expect(identifyImage(bytesOf(file)).format).toBe("bmp");
  });

  it("paints an index past the palette black", () => {
    const palette = cases.find(({ name }) => name === "8 bits, OS/2 palette")!;
    const file = bytesOf(palette.file);
    const short = new Uint8Array([...file.slice(0, 26 + 3), ...file.slice(26 + 768)]); // one entry is left
    short.set([26 + 3, 0], 10);
    expect([...decodeBmp(short).pixels]).toEqual(new Array(palette.width * palette.height * 3).fill(0));
  });

  it.each([
    ["a file that ends in its pixels", plain.slice(0, plain.length - 4), "image.cut-short"],
    ["a file that ends in its header", plain.slice(0, 40), "image.cut-short"],
    ["a file of two bytes", plain.slice(0, 2), "image.cut-short"],
    ["width 0", changed(18, 0, 0, 0, 0), "image.corrupt"],
    ["7 bits a pixel", changed(28, 7), "image.corrupt"],
    ["RLE8", changed(28, 8, 0, 1), "image.unsupported"],
    ["a size past all reason", changed(18, 0, 0, 0, 0x70, 0, 0, 0, 0x70), "image.too-large"],
  ])("refuses %s", (_, bytes, code) => {
    expect(() => decodeBmp(bytes)).toThrow(expect.objectContaining({ name: "InputError", code }));
  });
});
