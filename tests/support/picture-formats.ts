import { readFileSync } from "node:fs";
import sharp, { type Sharp } from "sharp";
import { RandomStream } from "../../src/util/random.ts";

const [WIDTH, HEIGHT] = [61, 47];

/** A file of every kind that is read: formats, depths, colours, packings, still and moving. Small, for there are many. */
export async function drawFormats(): Promise<ReadonlyMap<string, Uint8Array>> {
  const rgb = open(3);
  const [rgba, grey] = [open(4), open(1).toColourspace("b-w")];
  const greyAlpha = open(2).toColourspace("b-w");
  const flat = rgb.clone().median(9);
  const frames = await Promise.all([rgb, rgb.clone().negate()].map((each) => each.clone().png().toBuffer()));
  const moving = sharp(frames, { join: { animated: true } });
  const drawn: Record<string, Sharp> = {
    "baseline.jpg": rgb.clone().jpeg(),
    "progressive.jpg": rgb.clone().jpeg({ progressive: true }),
    "halved-nowhere.jpg": rgb.clone().jpeg({ chromaSubsampling: "4:4:4", quality: 95 }),
    "cmyk.jpg": rgb.clone().toColourspace("cmyk").jpeg(),
    "grey.jpg": grey.clone().jpeg(),
    "turned.jpg": rgb.clone().withMetadata({ orientation: 6 }).jpeg(),
    "profiled.jpg": rgb.clone().withIccProfile("p3").jpeg(),
    "rgb.png": rgb.clone().png(),
    "rgba.png": rgba.clone().png(),
    "grey.png": grey.clone().png(),
    "grey-alpha.png": greyAlpha.clone().png(),
    "interlaced.png": rgba.clone().png({ progressive: true }),
    "deep.png": rgb.clone().toColourspace("rgb16").png(),
    "deep-interlaced.png": rgba.clone().toColourspace("rgb16").png({ progressive: true }),
    "deep-grey.png": grey.clone().toColourspace("grey16").png(),
    "palette.png": flat.clone().png({ palette: true }),
    "palette-4.png": flat.clone().png({ palette: true, colours: 16, progressive: true }),
    "palette-1.png": rgba.clone().png({ palette: true, colours: 2 }),
    "lossy.webp": rgb.clone().webp(),
    "lossless.webp": flat.clone().webp({ lossless: true }),
    "alpha.webp": rgba.clone().webp(),
    "moving.webp": moving.clone().webp(),
    "still.gif": flat.clone().gif(),
    "moving.gif": moving.clone().gif(),
    "plain.tif": flat.clone().tiff({ compression: "none" }),
    "lzw.tif": rgba.clone().tiff({ compression: "lzw", predictor: "horizontal" }),
    "deflate.tif": flat.clone().toColourspace("rgb16").tiff({ compression: "deflate" }),
    "jpeg.tif": rgb.clone().tiff({ compression: "jpeg" }),
    "fax.tif": grey.clone().threshold(120).tiff({ compression: "ccittfax4", bitdepth: 1 }),
    "tiles.tif": rgb.clone().tiff({ compression: "lzw", tile: true, tileWidth: 32, tileHeight: 16 }),
    "pyramid.tif": rgb.clone().tiff({ compression: "packbits", pyramid: true, tile: true }),
    "lossy.avif": rgb.clone().avif({ effort: 0 }),
    "alpha.avif": rgba.clone().avif({ effort: 0, chromaSubsampling: "4:4:4" }),
    "lossless.avif": flat.clone().avif({ effort: 0, lossless: true }),
  };
  const files = await Promise.all(
    Object.entries(drawn).map(async ([name, image]) => [name, await bytesOf(image)] as const),
  );
  return new Map([...files, ...bitmaps()]);
}

/** Waves with a little noise, so that every code of an encoder is used. */
function open(channels: 1 | 2 | 3 | 4): Sharp {
  const random = new RandomStream(7, "formats", channels);
  const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => {
    const [x, y, c] = [Math.floor(i / channels) % WIDTH, Math.floor(i / channels / WIDTH), i % channels];
    return 128 + 90 * Math.sin(x / (5 + c)) * Math.cos(y / (7 - c)) + random.nextInteger(30);
  });
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels } });
}

/** Those that Pillow made: every depth, both headers, with and without masks. */
function bitmaps(): [name: string, bytes: Uint8Array][] {
  const fixture = new URL("../fixtures/bmp/bmp.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: { file: string }[] };
  return cases.map(({ file }, i) => [`${i}.bmp`, new Uint8Array(Buffer.from(file, "base64"))]);
}

const bytesOf = async (image: Sharp) => new Uint8Array(await image.toBuffer());
