import { chooseBackend } from "../backends/choose.ts";
import { probabilitiesOf } from "../core/metrics.ts";
import { Session } from "../core/session.ts";
import { compareCodePoints } from "../data/compare.ts";
import type { RgbImage } from "../data/image.ts";
import { decodePhoto } from "../data/load.ts";
import { floatsOf, keepSmaller } from "../data/prepare.ts";
import { InputError } from "../util/errors.ts";
import { type Classifier, loadClassifier } from "./classifier.ts";
import type { Machine } from "./machine.ts";

/** A photo by its path, or its bytes with a name to call them by. */
export type PhotoSource = string | { readonly name: string; readonly bytes: Uint8Array };

export interface PredictRequest {
  /** A run folder or a model file. */
  readonly model: string;
  /** Photos and folders of photos; folders are walked. */
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
  const photos = await expandFolders(machine, options.photos, options.signal);
  for (const photo of photos) {
    options.signal?.throwIfAborted();
    predictions.push(await predictPhoto(machine, session, classifier, photo, decode));
    options.onProgress?.(predictions.length, photos.length);
  }
  const notices = [...classifier.notices, ...(notice ? [notice] : [])];
  return { model: classifier.path, classes: classifier.classNames, predictions, notices };
}

async function predictPhoto(
  machine: Machine,
  session: Session,
  { preprocessing, classNames }: Classifier,
  photo: PhotoSource,
  decode: Decoder,
): Promise<Prediction> {
  const name = typeof photo === "string" ? photo : photo.name;
  try {
    const pixels = floatsOf(keepSmaller(await decode(photo), preprocessing, machine));
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

type Decoder = (photo: PhotoSource) => Promise<RgbImage>;

/** Begins with the first photo at once: loading the decoder takes as long as reading the model, and goes on beside it. */
function createDecoder(machine: Machine, first: PhotoSource | undefined): Decoder {
  const decode: Decoder = (photo) =>
    typeof photo === "string" ? decodePhoto(machine, photo) : machine.decode(photo.bytes);
  let early = first === undefined ? undefined : decode(first);
  early?.catch(() => undefined); // it is told when its turn comes, unless it was a folder
  return (photo) => {
    const begun = photo === first ? early : undefined;
    early = undefined; // one picture may take a gigabyte
    return begun ?? decode(photo);
  };
}

/** Replaces each folder by the files in it and below, sorted; hidden ones are skipped. */
async function expandFolders(
  machine: Machine,
  sources: readonly PhotoSource[],
  signal: AbortSignal | undefined,
): Promise<PhotoSource[]> {
  const photos: PhotoSource[] = [];
  for (const source of sources) {
    const isFolder = typeof source === "string" && (await machine.kindOf(source)) === "directory";
    if (isFolder) photos.push(...(await filesBelow(machine, source, signal)));
    else photos.push(source);
  }
  if (photos.length === 0)
    throw new InputError("predict.no-photos", "Expected at least one photo, found none");
  return photos;
}

async function filesBelow(
  machine: Machine,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  signal?.throwIfAborted();
  const entries = (await machine.list(folder))
    .filter(({ name }) => !name.startsWith("."))
    .sort((a, b) => compareCodePoints(a.name, b.name));
  const files: string[] = [];
  for (const { name, kind, link } of entries) {
    const path = machine.join(folder, name);
    if (kind === "file") files.push(path);
    else if (kind === "directory" && !link) files.push(...(await filesBelow(machine, path, signal)));
  }
  return files;
}
