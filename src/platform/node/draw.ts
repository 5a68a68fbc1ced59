import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encode as encodeBmp } from "fast-bmp";
import type { RgbImage } from "../../data/image.ts";
import { brokenFiles } from "../../demo/broken-files.ts";
import { between, pick } from "../../demo/choices.ts";
import { type DrawnFile, type Encoding, planFiles } from "../../demo/drawn-files.ts";
import { type DrawnFace, describeFace } from "../../demo/faces.ts";
import { finishPixels } from "../../demo/finish.ts";
import { type Mood, moods } from "../../demo/person.ts";
import { InputError } from "../../util/errors.ts";
import { RandomStream } from "../../util/random.ts";
import { loadSharp, type Sharp } from "./sharp.ts";

export interface DrawOptions {
  /** Pictures to draw, both classes together; broken files come on top. */
  readonly count?: number;
  readonly seed?: number;
  readonly onProgress?: (drawn: number, count: number) => void;
  readonly signal?: AbortSignal;
}

export interface DrawnFolder {
  readonly folder: string;
  /** Pictures that can be read, one exact copy among them. */
  readonly pictures: number;
  /** Files that are no pictures, as "class/name". */
  readonly broken: readonly string[];
  /** False when the signal ended it early; what had been drawn by then is there, whole. */
  readonly finished: boolean;
}

/** libvips frees the thread while it works, so a few pictures at a time keep all cores busy. */
const picturesAtOnce = 4;

/** Draws faces into `happy/` and `sad/` under a folder that is new or empty; the same seed gives the same files. */
export async function drawFaces(folder: string, options: DrawOptions = {}): Promise<DrawnFolder> {
  const { count = 400, seed = 1, onProgress, signal } = options;
  const files = planFiles(count, seed);
  await makeEmptyFolders(folder);
  const waiting = files.values();
  let drawn = 0;
  const draw = async () => {
    for (const file of waiting) {
      if (signal?.aborted) return;
      await write(join(folder, file.mood, file.name), await renderFile(file, seed));
      drawn += 1;
      onProgress?.(drawn, count);
    }
  };
  await Promise.all(Array.from({ length: picturesAtOnce }, draw));
  if (drawn < count || signal?.aborted) return { folder, pictures: drawn, broken: [], finished: false };
  const copies = await addClutter(folder, files, seed);
  const broken = brokenFiles.map(({ mood, name }) => `${mood}/${name}`);
  return { folder, pictures: drawn + copies, broken, finished: true };
}

export interface FaceExample {
  readonly image: RgbImage;
  readonly mood: Mood;
}

/** Small square faces for tests, happy and sad in turn. */
export async function drawFacesInMemory(options: {
  readonly count: number;
  /** Pixels of a side. */
  readonly size: number;
  readonly seed?: number;
}): Promise<FaceExample[]> {
  const { count, size, seed = 1 } = options;
  const indexes = Array.from({ length: count }, (_, index) => index);
  return Promise.all(
    indexes.map(async (index) => {
      const mood = moods[index % moods.length];
      const face = describeFace(seed, index, mood, { width: size, height: size });
      return { image: await renderFace(face, seed, index), mood };
    }),
  );
}

/** The face as pixels, with its noise. */
async function renderFace(face: DrawnFace, seed: number, index: number): Promise<RgbImage> {
  const { data, info } = await loadSharp()(Buffer.from(face.svg))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  finishPixels(data, info.width, face.finish, new RandomStream(seed, "face-noise", index));
  return { width: info.width, height: info.height, pixels: data };
}

async function renderFile(file: DrawnFile, seed: number): Promise<Uint8Array> {
  const { index, mood, size, encoding } = file;
  const image = await renderFace(describeFace(seed, index, mood, size), seed, index);
  return encoders[encoding](image, new RandomStream(seed, "encoder", index));
}

type Encoder = (image: RgbImage, stream: RandomStream) => Promise<Uint8Array>;

const encoders: Readonly<Record<Encoding, Encoder>> = {
  jpeg: (image, stream) =>
    open(image)
      .jpeg({ quality: jpegQuality(stream) })
      .toBuffer(),
  "jpeg-turned": encodeTurnedJpeg,
  "jpeg-grey": (image, stream) =>
    open(image)
      .greyscale()
      .jpeg({ quality: jpegQuality(stream) })
      .toBuffer(),
  png: (image) => open(image).png({ compressionLevel: 2 }).toBuffer(),
  "png-grey": (image) => open(image).greyscale().png({ compressionLevel: 2 }).toBuffer(),
  "png-palette": (image) => open(image).png({ palette: true, colours: 128, effort: 1 }).toBuffer(),
  "png-alpha": encodeTransparentPng,
  "png-misnamed": (image) => open(image).png({ compressionLevel: 2 }).toBuffer(),
  webp: (image, stream) =>
    open(image)
      .webp({ quality: jpegQuality(stream), effort: 0 })
      .toBuffer(),
  gif: (image) => open(image).gif({ effort: 1 }).toBuffer(),
  bmp: async ({ width, height, pixels }) =>
    encodeBmp({ width, height, data: pixels, channels: 3, components: 3, bitsPerPixel: 24 }),
  tiff: (image) => open(image).tiff({ compression: "lzw" }).toBuffer(),
  avif: (image) => open(image).avif({ effort: 0 }).toBuffer(),
};

function open({ width, height, pixels }: RgbImage): Sharp {
  return loadSharp()(pixels, { raw: { width, height, channels: 3 } });
}

function jpegQuality(stream: RandomStream): number {
  return Math.round(between(stream, 40, 95));
}

/** Stored lying or upside down, with the EXIF orientation that puts it upright again. */
function encodeTurnedJpeg(image: RgbImage, stream: RandomStream): Promise<Uint8Array> {
  const [orientation, storedAngle] = pick(stream, [
    [3, 180],
    [6, 270],
    [8, 90],
  ]);
  return open(image)
    .rotate(storedAngle)
    .withMetadata({ orientation })
    .jpeg({ quality: jpegQuality(stream) })
    .toBuffer();
}

/** Corners fade to nothing, as in a cut-out portrait. */
function encodeTransparentPng({ width, height, pixels }: RgbImage): Promise<Uint8Array> {
  const rgba = Buffer.alloc(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const x = ((i % width) / width) * 2 - 1;
    const y = (Math.floor(i / width) / height) * 2 - 1;
    const alpha = Math.max(0, Math.min(1, 8 * (1.25 - Math.hypot(x, y))));
    rgba.set([pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2], Math.round(255 * alpha)], 4 * i);
  }
  return loadSharp()(rgba, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 2 })
    .toBuffer();
}

/** Broken files, and an exact copy of one picture; returns the number of copies. */
async function addClutter(folder: string, files: readonly DrawnFile[], seed: number): Promise<number> {
  const original = files.find(({ encoding }) => encoding === "jpeg");
  if (original === undefined) return 0;
  const jpeg = await renderFile(original, seed);
  for (const { mood, name, bytes } of brokenFiles) await write(join(folder, mood, name), bytes(jpeg));
  await write(join(folder, original.mood, `Copy of ${original.name}`), jpeg);
  return 1;
}

async function makeEmptyFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    const present = await readdir(folder);
    if (present.length > 0) {
      throw new InputError(
        "draw.folder-not-empty",
        `Expected a new or empty folder to draw faces into, found ${present.length} entries in ${folder}`,
      );
    }
    for (const mood of moods) await mkdir(join(folder, mood));
  } catch (error) {
    throw asInputError(error, folder);
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: "wx" });
  } catch (error) {
    throw asInputError(error, path);
  }
}

/** What the file system refuses is the caller's to mend: a path, a permission, a full disk. */
function asInputError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !("code" in error) || error instanceof InputError) return error;
  return new InputError(
    "draw.cannot-write",
    `Expected to write drawn faces at ${path}, found ${error.message}`,
    {
      cause: error,
    },
  );
}
