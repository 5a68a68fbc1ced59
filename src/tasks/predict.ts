import { chooseBackend } from "../backends/choose.ts";
import { probabilitiesOf } from "../core/metrics.ts";
import { Session } from "../core/session.ts";
import type { RgbImage } from "../data/image.ts";
import type { Platform } from "../data/platform.ts";
import { floatsOf, keepSmaller } from "../data/prepare.ts";
import { type DecodingRule, decodesPlainly, plainDecoding } from "../data/preprocessing.ts";
import { decodePhoto } from "../data/read-photo.ts";
import { InputError } from "../util/errors.ts";
import { type Classifier, loadClassifier } from "./classifier.ts";
import { expandPhotos } from "./expand-photos.ts";
import type { Machine } from "./machine.ts";

/** A photo by its path, or its bytes with a name to call them by. */
export type PhotoSource = string | { readonly name: string; readonly bytes: Uint8Array };

export interface PredictRequest {
  /** A run folder or a model file. */
  readonly model: string;
  /** Photos, and folders, zip and tar files of photos, which are walked. */
  readonly photos: readonly PhotoSource[];
  readonly backend?: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** The answer for one photo; `error` in place of it where the photo could not be read. */
export type Prediction =
  | {
      readonly photo: string;
      /** The most probable class. */
      readonly class: string;
      /** Its probability. */
      readonly confidence: number;
      /** Of all classes, by name. */
      readonly probabilities: Readonly<Record<string, number>>;
    }
  | { readonly photo: string; readonly error: { readonly code: string; readonly message: string } };

export interface PredictResult {
  readonly model: string;
  readonly classes: readonly string[];
  readonly predictions: readonly Prediction[];
  readonly notices: readonly string[];
}

/**
 * Classifies photos. One that cannot be read gets an error in its place, and the others their answer.
 * @throws InputError where the model or a folder cannot be read, or there is no photo at all
 */
export async function predict(machine: Machine, options: PredictRequest): Promise<PredictResult> {
  const decode = createDecoder(machine, options.photos[0]);
  const classifier = await loadClassifier(machine, options.model);
  const { backend, notice } = await chooseBackend(options.backend ?? "auto");
  const session = new Session(backend, classifier.model);
  session.weights = classifier.weights;
  const predictions: Prediction[] = [];
  const { photos, platform, close } = await expandPhotos(machine, options.photos, options.signal);
  try {
    for (const photo of photos) {
      options.signal?.throwIfAborted();
      predictions.push(await predictPhoto(platform, session, classifier, photo, decode));
      options.onProgress?.(predictions.length, photos.length);
    }
  } finally {
    await close();
  }
  const notices = [...classifier.notices, ...(notice ? [notice] : [])];
  return { model: classifier.path, classes: classifier.classNames, predictions, notices };
}

async function predictPhoto(
  platform: Platform,
  session: Session,
  { preprocessing, classNames }: Classifier,
  photo: PhotoSource,
  decode: Decoder,
): Promise<Prediction> {
  const name = typeof photo === "string" ? photo : photo.name;
  try {
    const decoded = await decode(platform, photo, preprocessing);
    const pixels = floatsOf(keepSmaller(decoded, preprocessing, platform));
    const probabilities = probabilitiesOf(await session.predict(pixels), 0, session.model.outputShape[0]);
    const best = probabilities.indexOf(Math.max(...probabilities));
    return {
      photo: name,
      class: classNames[Math.max(best, 0)],
      confidence: probabilities[Math.max(best, 0)],
      probabilities: Object.fromEntries(
        classNames.map((className, index) => [className, probabilities[index]]),
      ),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { photo: name, error: { code: error.code, message: error.message } };
  }
}

type Decoder = (platform: Platform, photo: PhotoSource, rule: DecodingRule) => Promise<RgbImage>;

/**
 * Begins with the first photo at once: loading the decoder takes as long as reading the model, and goes on beside it. Where the model's
 * rule turns out to be another, that photo is decoded again.
 */
function createDecoder(machine: Machine, first: PhotoSource | undefined): Decoder {
  const decode: Decoder = (platform, photo, rule) =>
    typeof photo === "string" ? decodePhoto(platform, photo, rule) : platform.decode(photo.bytes, rule);
  let early = first === undefined ? undefined : decode(machine, first, plainDecoding);
  early?.catch(() => undefined); // it is told when its turn comes, unless it was a folder
  return (platform, photo, rule) => {
    const begun = photo === first && decodesPlainly(rule) ? early : undefined;
    early = undefined; // one picture may take a gigabyte
    return begun ?? decode(platform, photo, rule);
  };
}
