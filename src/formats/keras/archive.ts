import { buildModel } from "../../core/model.ts";
import { InputError } from "../../util/errors.ts";
import { damagedModel, type ReadGroup } from "../hdf5/group.ts";
import { readHdf5 } from "../hdf5/read.ts";
import { NewGroup } from "../hdf5/tree.ts";
import { writeHdf5 } from "../hdf5/write.ts";
import type { PhotoInput } from "../photo-input.ts";
import type { SavedModel } from "../saved-model.ts";
import { readZip, writeZip } from "../zip.ts";
import { parseJson } from "./config-schema.ts";
import { toKeras3Config, trainingOf } from "./keras3-config.ts";
import { fromModelConfig } from "./model-config.ts";
import { otherMeaning } from "./other-meaning.ts";
import { type OwnParts, ownParts, readOwnParts } from "./own-parts.ts";
import { withPhotoLayers, withRule } from "./photo-layers.ts";
import { isRecord } from "./spelling.ts";
import { readOptimizerVariables, readVariables, writeVariables } from "./variables.ts";

/**
 * Keras 3's `.keras`: a zip of the model's config, its variables and metadata. What Keras has no place for (preprocessing, class
 * names, `extra`) lies in the metadata under `fovea`, which Keras does not look at.
 */

const partNames = { config: "config.json", metadata: "metadata.json", weights: "model.weights.h5" } as const;

/** The Keras whose files these are like. */
const KERAS_VERSION = "3.15.1";

/** The bytes of a `.keras`, the same for the same model: the day on which it was saved is left out. */
export async function writeKerasArchive(saved: SavedModel, photos?: PhotoInput): Promise<Uint8Array> {
  const model = withPhotoLayers(saved, photos, true);
  const root = new NewGroup();
  writeVariables(root, model);
  const metadata = { keras_version: KERAS_VERSION, fovea: ownParts(model) };
  return writeZip(
    new Map<string, readonly (string | Uint8Array)[]>([
      [partNames.metadata, [JSON.stringify(metadata)]],
      [partNames.config, [JSON.stringify(toKeras3Config(model))]],
      [partNames.weights, writeHdf5(root)],
    ]),
  );
}

/**
 * The model in a `.keras` that Fovea or Keras 3 has written. Throws `InputError`s: `model.truncated`, `model.damaged`,
 * `model.no-model`, `model.unsupported` and those of `buildModel`.
 */
export async function readKerasArchive(bytes: Uint8Array): Promise<SavedModel> {
  const parts = await readZip(bytes, Object.values(partNames));
  const config = configOf(parts);
  const weights = parts.get(partNames.weights);
  if (weights === undefined) throw damagedModel(`Expected "${partNames.weights}" in the file, found none`);
  const metadata = readJson(parts, partNames.metadata);
  const own = readOwn(metadata);
  const model = await readHdf5(weights, (root) => readModel(root, config));
  const notices = [...(model.notices ?? []), ...otherMeaning(model.description, versionIn(metadata))];
  return { ...model, ...withRule(own, model.preprocessing), ...(notices.length > 0 && { notices }) };
}

/** The model's config as the file has it, for whoever reads it with eyes of their own. */
export async function readKerasArchiveConfig(bytes: Uint8Array): Promise<unknown> {
  return configOf(await readZip(bytes, Object.values(partNames)));
}

function configOf(parts: ReadonlyMap<string, Uint8Array>): unknown {
  const config = readJson(parts, partNames.config);
  if (config !== undefined) return config;
  const message = `Expected a Keras model with a ${partNames.config}, found a zip file of other things`;
  throw new InputError("model.no-model", message);
}

function versionIn(metadata: unknown): string | undefined {
  const version = isRecord(metadata) ? metadata.keras_version : undefined;
  return typeof version === "string" ? version : undefined;
}

function readModel(root: ReadGroup, config: unknown): SavedModel {
  const { description, tree, preprocessing, notices } = fromModelConfig(config, partNames.config);
  const weights = readVariables(root, buildModel(description), tree);
  const training = trainingOf(config);
  const optimizer = training && readOptimizerVariables(root, training.optimizer, { description, weights });
  return {
    description,
    weights,
    ...(preprocessing && { preprocessing }),
    ...(training?.compile && { compile: training.compile }),
    ...(optimizer && { optimizer }),
    ...(notices && { notices }),
  };
}

function readJson(parts: ReadonlyMap<string, Uint8Array>, name: string): unknown {
  const bytes = parts.get(name);
  return bytes && parseJson(new TextDecoder().decode(bytes), name);
}

function readOwn(metadata: unknown): OwnParts {
  const own = isRecord(metadata) && isRecord(metadata.fovea) ? metadata.fovea : {};
  return readOwnParts(
    (name) => own[name],
    (name) => `${partNames.metadata}: fovea.${name}`,
  );
}
