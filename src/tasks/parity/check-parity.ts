import { chooseBackend } from "../../backends/choose.ts";
import { Session } from "../../core/session.ts";
import type { RgbImage } from "../../data/image.ts";
import { floatsOf, keepSmaller } from "../../data/prepare.ts";
import type { ModelSource } from "../../formats/model-files.ts";
import type { Classifier } from "../classifier.ts";
import type { Machine } from "../machine.ts";
import {
  CannotRun,
  type EngineInput,
  isMissing,
  type LoadedEngine,
  type OtherEngine,
  Refused,
} from "./engine.ts";
import type { ParityPhotos, PhotoOrigin } from "./photos.ts";

/** The largest difference of a probability between two engines that are both right: float32 sums in another order differ by less. */
export const PARITY_TOLERANCE = 1e-4;

/** What another engine made of a file that has just been written. */
export type Parity = CheckedParity | UncheckedParity;

export interface CheckedParity {
  readonly status: "passed" | "failed";
  readonly engine: { readonly name: string; readonly version: string };
  readonly images: {
    readonly origin: PhotoOrigin;
    readonly count: number;
    /** What prepared them for the engine: a file may do it itself. */
    readonly preparedBy: "Fovea" | "the file";
  };
  /** Of a probability, over all images. Null where the file could not be run, or what came out are no numbers. */
  readonly largestDifference: number | null;
  readonly tolerance: number;
  /** Why the file could not be run. */
  readonly why?: string;
}

export interface UncheckedParity {
  readonly status: "not checked";
  readonly why: string;
}

export interface ParityRequest {
  /** The file, as the disk has it. */
  readonly source: ModelSource;
  /** What it was made from. */
  readonly classifier: Classifier;
  readonly engine: OtherEngine;
  /** Pictures to be asked about; opened only where there is an engine. */
  readonly photos: () => Promise<ParityPhotos>;
  /** The file takes photos of any size as bytes, and prepares them itself. */
  readonly takesPhotos: boolean;
}

/**
 * Has another engine run a model file, and compares its probabilities with Fovea's for the classifier that the file was made from.
 * @throws InputError `export.no-photos`, `file.…`
 */
export async function checkParity(machine: Machine, request: ParityRequest): Promise<Parity> {
  const { name, packages } = request.engine;
  const engine = await request.engine.load().catch((error: unknown) => notLoaded(name, packages, error));
  if ("status" in engine) return engine;
  const told = { engine: { name, version: engine.version }, tolerance: PARITY_TOLERANCE };
  const preparedBy = request.takesPhotos && request.engine.runsPreparation ? "the file" : "Fovea";
  const { photos, origin, close } = await request.photos();
  try {
    const { count, largestDifference } = await askBoth(
      machine,
      { ...request, asBytes: preparedBy === "the file" },
      engine,
      photos,
    );
    const passed = largestDifference <= PARITY_TOLERANCE; // which what is no number is not
    const status = passed ? "passed" : "failed";
    const finite = Number.isFinite(largestDifference) ? largestDifference : null;
    return { status, ...told, images: { origin, count, preparedBy }, largestDifference: finite };
  } catch (error) {
    if (error instanceof CannotRun)
      return unchecked(`${name} ${engine.version} cannot run it: ${error.message}`);
    if (!(error instanceof Refused)) throw error;
    return {
      status: "failed",
      ...told,
      images: { origin, count: 0, preparedBy },
      largestDifference: null,
      why: error.message,
    };
  } finally {
    await close();
  }
}

const unchecked = (why: string): UncheckedParity => ({ status: "not checked", why });

function notLoaded(name: string, packages: readonly string[], error: unknown): UncheckedParity {
  if (isMissing(error))
    return unchecked(`"npm install ${packages.join(" ")}" beside Fovea lets ${name} run each export`);
  return unchecked(`${name} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
}

interface Answers {
  /** Images. */
  readonly count: number;
  /** Of any of the model's outputs for any of them. */
  readonly largestDifference: number;
}

/** How many prepared images are asked about at once: more than one, so that the file's batch is open. */
const BATCH = 2;

async function askBoth(
  machine: Machine,
  { source, classifier, asBytes }: ParityRequest & { readonly asBytes: boolean },
  engine: LoadedEngine,
  photos: AsyncIterable<RgbImage>,
): Promise<Answers> {
  const { preprocessing, model, weights } = classifier;
  const session = new Session((await chooseBackend("auto")).backend, model);
  session.weights = weights;
  const opened = await engine.open(source);
  const differences: number[] = [];
  let count = 0;
  try {
    for await (const group of inGroups(photos, asBytes ? 1 : BATCH)) {
      const answer = asBytes ? await opened.predict(bytesOf(group[0])) : undefined;
      const images = group.map((photo) => floatsOf(keepSmaller(photo, preprocessing, machine)));
      const prepared = batchOf(images, model.description.inputShape);
      const theirs = answer ?? (await opened.predict(prepared));
      differences.push(largestDifference(await session.predict(prepared.values), theirs));
      count += group.length;
    }
  } finally {
    await opened.close();
  }
  return { count, largestDifference: Math.max(...differences) };
}

async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

const bytesOf = ({ width, height, pixels }: RgbImage): EngineInput => ({
  shape: [1, height, width, 3],
  values: pixels,
});

function batchOf(images: readonly Float32Array[], sides: readonly [number, number, number]) {
  const values = new Float32Array(images.length * images[0].length);
  images.forEach((image, i) => {
    values.set(image, i * image.length);
  });
  return { shape: [images.length, ...sides] as const, values };
}

/** Infinite where one of the two has more numbers, NaN where one of them has none in a place. */
function largestDifference(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  const differences = ours.map((value, i) => (Object.is(value, theirs[i]) ? 0 : Math.abs(value - theirs[i])));
  return Math.max(...differences);
}
