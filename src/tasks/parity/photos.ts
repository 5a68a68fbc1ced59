import type { RgbImage } from "../../data/image.ts";
import type { Platform } from "../../data/platform.ts";
import type { DecodingRule } from "../../data/preprocessing.ts";
import { decodePhoto } from "../../data/read-photo.ts";
import { openSource } from "../../data/source.ts";
import { InputError } from "../../util/errors.ts";
import type { Classifier } from "../classifier.ts";
import { expandPhotos } from "../expand-photos.ts";
import type { Machine } from "../machine.ts";
import type { PhotoSource } from "../predict.ts";
import { readRunConfig } from "../run-config.ts";
import { readSplit, runOf } from "../test-use.ts";
import { drawImages } from "./drawn-images.ts";

/** Where the pictures come from that two engines are asked about. */
export type PhotoOrigin = "test photos" | "named photos" | "drawn images";

export interface ParityPhotos {
  readonly origin: PhotoOrigin;
  /** Decoded, one by one; what cannot be read is passed over. */
  readonly photos: AsyncIterable<RgbImage>;
  close(): Promise<void>;
}

/** A handful: an engine that computes otherwise does so with any. */
const MOST = 16;

/**
 * The photos that the user names, or test photos of the run that the model is of, or, where none of these is there any more,
 * images that are drawn.
 * @throws InputError `export.no-photos` where none of those named can be read, `file.…`
 */
export async function choosePhotos(
  machine: Machine,
  classifier: Classifier,
  named: readonly PhotoSource[] | undefined,
  signal?: AbortSignal,
): Promise<ParityPhotos> {
  if (named !== undefined) return namedPhotos(machine, classifier, named, signal);
  const run = await runOf(machine, classifier);
  const found = run === undefined ? undefined : await testPhotos(machine, classifier, run, signal);
  return found ?? { origin: "drawn images", photos: each(drawImages()), close: async () => {} };
}

async function namedPhotos(
  machine: Machine,
  { preprocessing }: Classifier,
  named: readonly PhotoSource[],
  signal: AbortSignal | undefined,
): Promise<ParityPhotos> {
  const { photos, platform, close } = await expandPhotos(machine, named, signal);
  const readable = readableOf(platform, photos, preprocessing);
  const none = "Expected --photos to name at least one photo that can be read, found none";
  return { origin: "named photos", photos: orRefuse(readable, none), close };
}

/** Undefined where none of them is where training found it. */
async function testPhotos(
  machine: Machine,
  { preprocessing }: Classifier,
  run: string,
  signal: AbortSignal | undefined,
): Promise<ParityPhotos | undefined> {
  try {
    const { data } = await readRunConfig(machine, run);
    const wanted = new Set<string>();
    for (const { path, part } of (await readSplit(machine, run)).files) if (part === "test") wanted.add(path);
    const { samples, platform, close } = await openSource(machine, data, { signal });
    const paths = samples.filter(({ relativePath }) => wanted.has(relativePath)).map(({ path }) => path);
    const first = await readableOf(platform, paths, preprocessing).next();
    if (!first.done)
      return { origin: "test photos", photos: readableOf(platform, paths, preprocessing), close };
    await close();
  } catch (error) {
    if (!(error instanceof InputError)) throw error; // gone, renamed or unreadable by now
  }
  return undefined;
}

/** Photos that can be read, spread over all, so that every class has its share. */
async function* readableOf(platform: Platform, photos: readonly PhotoSource[], rule: DecodingRule) {
  let read = 0;
  for (const photo of spread(photos)) {
    if (read === MOST) return;
    try {
      yield typeof photo === "string"
        ? await decodePhoto(platform, photo, rule)
        : await platform.decode(photo.bytes, rule);
      read++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
}

/** As many as are wanted, at equal distances; behind them the others, which stand in for what cannot be read. */
function spread<T>(items: readonly T[]): T[] {
  const step = Math.max(items.length / MOST, 1);
  const chosen = new Set(
    Array.from({ length: Math.min(MOST, items.length) }, (_, i) => Math.floor(i * step)),
  );
  return [...[...chosen].map((i) => items[i]), ...items.filter((_, i) => !chosen.has(i))];
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function* orRefuse(photos: AsyncIterable<RgbImage>, message: string): AsyncGenerator<RgbImage> {
  let count = 0;
  for await (const photo of photos) {
    count++;
    yield photo;
  }
  if (count === 0) throw new InputError("export.no-photos", message);
}
