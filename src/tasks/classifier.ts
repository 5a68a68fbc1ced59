import { z } from "zod";
import type { WeightRecord } from "../core/description.ts";
import { buildModel, type Model } from "../core/model.ts";
import { channelsOf, type Preprocessing, preprocessingSchema } from "../data/preprocessing.ts";
import type { SavedModel } from "../formats/saved-model.ts";
import { modelExtensions, readModelFile } from "../formats/table.ts";
import { InputError } from "../util/errors.ts";
import { formatShape, sameShape } from "../util/shapes.ts";
import { endsInProbabilities, givesLogits, withProbabilities } from "./extend-model.ts";
import type { Machine } from "./machine.ts";
import { modelFileAt, openSource } from "./model-source.ts";
import { runFiles } from "./run-folder.ts";

/** A trained model with all that is needed to use it on photos. */
export interface Classifier {
  /** The file it came from. */
  readonly path: string;
  /** The run folder, when it was named by one. */
  readonly run?: string;
  readonly model: Model;
  /** In the order of `model.weights`. */
  readonly weights: readonly Float32Array[];
  readonly preprocessing: Preprocessing;
  readonly classNames: readonly string[];
  /** What the file leaves open, and what was taken for it. */
  readonly notices: readonly string[];
  readonly saved: SavedModel;
}

/**
 * Reads a classifier from a run folder (its best epoch) or from a model file.
 * @throws InputError `model.…` or `file.…`
 */
export async function loadClassifier(machine: Machine, path: string): Promise<Classifier> {
  const kind = await machine.kindOf(path);
  if (kind === undefined) {
    throw new InputError(
      "model.not-found",
      `Expected a run folder or a model file (${modelExtensions}), found nothing at "${path}"`,
    );
  }
  if (kind === "directory") return { ...(await loadFromRun(machine, path)), run: path };
  return loadFromFile(machine, path);
}

/** Reads the classifier in one file, and in those beside it that it names. */
export async function loadFromFile(machine: Machine, path: string): Promise<Classifier> {
  const source = await openSource(machine, path);
  const saved = await inFile(path, () => readModelFile(source));
  return inFile(path, async () => toClassifier(path, saved));
}

async function loadFromRun(machine: Machine, folder: string): Promise<Classifier> {
  const path = machine.join(folder, runFiles.best);
  if ((await machine.kindOf(path)) === "file") return loadFromFile(machine, path);
  const other = await modelFileAt(machine, folder);
  if (other !== undefined) return loadFromFile(machine, other);
  const isRun = (await machine.kindOf(machine.join(folder, runFiles.config))) === "file";
  const why = isRun ? "; no epoch of it has ended with a loss that is a number" : "";
  throw new InputError(
    "run.no-model",
    `Expected a run folder with a ${runFiles.best}, found none in "${folder}"${why}`,
  );
}

const noProbabilities =
  "The model ends without a softmax or a sigmoid, so its numbers are no probabilities; fovea import puts one behind it";

/**
 * A model as a classifier of photos. `path` says where it came from.
 * @throws InputError `model.…`
 */
export function toClassifier(path: string, read: SavedModel): Classifier {
  const { saved, model, said } = answering(read);
  checkIsClassifier(model);
  const { preprocessing, notice } = preprocessingOf(saved, model);
  const outputs = model.outputShape[0];
  const classCount = outputs === 1 ? 2 : outputs;
  const named = saved.classes ?? Array.from({ length: classCount }, (_, index) => `class ${index}`);
  if (named.length !== classCount) {
    throw new InputError("model.bad-classes", `Expected ${classCount} class names, found ${named.length}`);
  }
  return {
    path,
    model,
    weights: matchWeights(model, saved.weights),
    preprocessing,
    classNames: named,
    notices: [
      ...(saved.notices ?? []),
      ...said,
      ...(notice ? [notice] : []),
      ...(endsInProbabilities(model) ? [] : [noProbabilities]),
    ],
    saved,
  };
}

/** A model that gives probabilities, where its file says that its loss made them. */
function answering(saved: SavedModel) {
  const model = buildModel(saved.description);
  if (!givesLogits(saved, model)) return { saved, model, said: [] };
  const whole = withProbabilities(saved, model);
  const { activation } = whole.description.layers.at(-1)?.config ?? {};
  const said = [
    `The loss of the model made probabilities of what it gives: a ${activation} is put behind it`,
  ];
  return { saved: whole, model: buildModel(whole.description), said };
}

/** More than any classifier has; each gets a name, also where a damaged or hostile file claims hundreds of millions. */
const MOST_CLASSES = 1_000_000;

function checkIsClassifier({ description, outputShape }: Model): void {
  const [, , channels] = description.inputShape;
  if ((channels !== 1 && channels !== 3) || outputShape.length !== 1) {
    throw new InputError(
      "model.not-a-classifier",
      `Expected a model from height x width x 3 (or 1) to one row of probabilities, found one from ${formatShape(description.inputShape)} to ${formatShape(outputShape)}`,
    );
  }
  if (outputShape[0] <= MOST_CLASSES) return;
  const message = `Expected a model of at most ${MOST_CLASSES} classes, found ${outputShape[0]} outputs`;
  throw new InputError("model.too-large", message);
}

function preprocessingOf(saved: SavedModel, model: Model): { preprocessing: Preprocessing; notice?: string } {
  const { inputShape } = model.description;
  const [height, width, channels] = inputShape;
  if (saved.preprocessing === undefined) {
    const rescales = model.layers[0]?.definition.className === "Rescaling";
    const colorMode = channels === 1 ? "grayscale" : "rgb";
    const preprocessing = preprocessingSchema.parse({
      height,
      width,
      colorMode,
      ...(rescales && { scale: 1 }),
    });
    const range = rescales ? "0 to 255, as its Rescaling layer expects" : "0 to 1";
    return {
      preprocessing,
      notice: `The model does not say how photos are prepared; resized to ${height}x${width}, ${range}`,
    };
  }
  const parsed = preprocessingSchema.safeParse(saved.preprocessing);
  if (!parsed.success) {
    throw new InputError(
      "model.bad-preprocessing",
      `The model's preprocessing: ${z.prettifyError(parsed.error)}`,
    );
  }
  const prepared = [parsed.data.height, parsed.data.width, channelsOf(parsed.data)];
  if (!sameShape(prepared, inputShape)) {
    throw new InputError(
      "model.bad-preprocessing",
      `Expected photos to be prepared for the model's input of ${formatShape(inputShape)}, found ${formatShape(prepared)}`,
    );
  }
  return { preprocessing: parsed.data };
}

/**
 * The weights in the model's order.
 * @throws InputError `model.bad-weights`
 */
export function matchWeights(model: Model, records: readonly WeightRecord[]): Float32Array[] {
  return model.weights.map(({ layer, name, shape }) => {
    const record = records.find((each) => each.layer === layer && each.name === name);
    if (record && sameShape(record.shape, shape)) return record.values;
    const found = record ? formatShape(record.shape) : "none";
    throw new InputError(
      "model.bad-weights",
      `Expected ${layer}/${name} of ${formatShape(shape)}, found ${found}`,
    );
  });
}

/** Puts the file's name in front of what is wrong with it. */
export async function inFile<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.code, `Cannot use the model file "${path}": ${error.message}`, {
      cause: error,
    });
  }
}
