import { describe, expect, it } from "vitest";
import { expectedFormatOfName, identifyImage } from "../../src/data/identify.ts";

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("identifyImage", () => {
  it.each([
    ["\xff\xd8\xff\xe0\0\x10JFIF", "jpeg", "JPEG"],
    ["\x89PNG\r\n\x1a\n", "png", "PNG"],
    ["RIFF\x10\0\0\0WEBPVP8 ", "webp", "WebP"],
    ["GIF87a", "gif", "GIF"],
    ["GIF89a", "gif", "GIF"],
    ["II*\0\x08\0\0\0", "tiff", "TIFF"],
    ["MM\0*\0\0\0\x08", "tiff", "TIFF"],
    ["II+\0\x08\0\0\0", "tiff", "TIFF"],
    ["MM\0+\0\x08\0\0", "tiff", "TIFF"],
    ["\0\0\0\x1cftypavif\0\0\0\0mif1", "avif", "AVIF"],
    ["\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "avif", "AVIF"],
    [`BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0`, "bmp", "BMP"],
  ])("knows %j", (head, format, name) => {
    expect(identifyImage(latin1(head))).toEqual({ format, name });
  });

  it.each([
    ["", "an empty file"],
    [" \r\n\t\n", "blank text"],
    ["hello there", "text"],
    ["BM is how this note begins", "text"],
    ["<!DOCTYPE html><p>404", "an HTML page"],
    ["\xef\xbb\xbf<html>", "an HTML page"],
    ['<?xml version="1.0"?>\n<svg xmlns="x">', "SVG"],
    ["\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"],
    ["\xff\x4f\xff\x51", "JPEG 2000"],
    ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"],
    ["\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"],
    ["\0\0\0\x18ftypisom\0\0\0\0isomavc1", "a video (MP4 or QuickTime)"],
    ["\xff\x0a\xfa", "JPEG XL"],
    ["%PDF-1.7", "PDF"],
    ["PK\x03\x04", "a ZIP archive"],
    ["\0\0\x01\0\x01\0", "an icon (ICO)"],
    ["II*\0\x10\0\0\0CR\x02", "Canon raw (CR2)"],
    ["RIFF\x10\0\0\0AVI LIST", "a video (AVI)"],
    ["\x01\x02\x03\x04", "data of an unknown kind"],
    ["\xff\xd8", "data of an unknown kind"], // two bytes of a JPEG are too few to tell
    ["\xd0\x96\xd0", "text"], // a Cyrillic letter and half of the next, where the head ends
  ])("names %j, which is not read", (head, name) => {
    expect(identifyImage(latin1(head))).toEqual({ name });
  });

  it("does not look for a brand behind the first box", () => {
    expect(identifyImage(latin1("\0\0\0\x14ftypisom\0\0\0\0isomavif")).format).toBeUndefined();
  });
});

describe("expectedFormatOfName", () => {
  it.each([
    ["a/b.JPG", "jpeg"],
    ["x.jfif", "jpeg"],
    ["x.tar.png", "png"],
    ["x.TIF", "tiff"],
    ["x.dib", "bmp"],
    ["folder.png/name", undefined],
    ["name", undefined],
    ["name.txt", undefined],
    ["x.constructor", undefined],
  ])("of %s is %s", (path, format) => {
    expect(expectedFormatOfName(path)).toBe(format);
  });
});
