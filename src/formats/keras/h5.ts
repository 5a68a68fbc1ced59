import type { OptimizerRecord } from "../../core/description.ts";
import { InputError } from "../../util/errors.ts";
import { type ReadGroup, readText } from "../hdf5/group.ts";
import { readHdf5 } from "../hdf5/read.ts";
import { NewGroup } from "../hdf5/tree.ts";
import { writeHdf5 } from "../hdf5/write.ts";
import type { PhotoInput } from "../photo-input.ts";
import type { LooseWeights, SavedModel } from "../saved-model.ts";
import { parseJson } from "./config-schema.ts";
import { keras2Keys } from "./layer-config.ts";
import { readLooseWeights } from "./loose-weights.ts";
import { fromModelConfig, toModelConfig } from "./model-config.ts";
import { readOptimizer, trainedWeights, writeOptimizer } from "./optimizer-weights.ts";
import { otherMeaning } from "./other-meaning.ts";
import { type OwnPartName, type OwnParts, ownParts, readOwnParts } from "./own-parts.ts";
import { type FileModel, withPhotoLayers, withRule } from "./photo-layers.ts";
import { fromTrainingConfig, toTrainingConfig } from "./training-config.ts";
import { layout, readWeights, writeWeights } from "./weights.ts";

/**
 * Keras 2's whole-model HDF5 file (`.h5`), which Keras 3 reads too. What Keras has no place for (preprocessing,
 * class names, `extra`) lies in attributes of our own, which it ignores.
 */

/**
 * The bytes of a `.h5`, in pieces that lie one behind the other. The weights are kept to the bit and not copied: most pieces are the
 * model's own memory, which must not change until they have been used.
 */
export function writeKerasH5(saved: SavedModel, photos?: PhotoInput): Uint8Array[] {
  const model = withPhotoLayers(saved, photos, false);
  const root = new NewGroup();
  root.attributes.set("keras_version", layout.kerasVersion);
  root.attributes.set("backend", layout.backend);
  root.attributes.set("model_config", JSON.stringify(toModelConfig(model.description, keras2Keys)));
  writeTraining(root, model);
  writeOwn(root, model);
  writeWeights(root, model.description, model.weights);
  if (model.optimizer) writeOptimizer(root, model.optimizer, model.weights);
  return writeHdf5(root);
}

/**
 * What a file of Keras in HDF5 holds: a whole model, or weights alone (`save_weights`).
 * @throws InputError those of `readKerasH5`
 */
export async function readKerasHdf5(bytes: Uint8Array): Promise<SavedModel | LooseWeights> {
  const loose = await readHdf5(bytes, (root) =>
    root.attribute("model_config") === undefined ? readLooseWeights(root) : undefined,
  );
  return loose ?? readKerasH5(bytes);
}

/**
 * The model in a `.h5` that Fovea, Keras 2 or Keras 3 has written; its weights may lie in the bytes themselves. Throws `InputError`s: `model.empty-file`,
 * `model.not-hdf5`, `model.truncated`, `model.damaged`, `model.no-model`, `model.unsupported`.
 */
export async function readKerasH5(bytes: Uint8Array): Promise<SavedModel> {
  return readHdf5(bytes, (root) => {
    const {
      description,
      tree,
      preprocessing,
      notices = [],
    } = fromModelConfig(configOf(root), "model_config");
    const own = readOwn(root);
    const isOurs = Object.keys(own).length > 0; // Keras 3's words, under the version of Keras that reads them
    const said = [...notices, ...(isOurs ? [] : otherMeaning(description, readText(root, "keras_version")))];
    const weights = readWeights(root, description, tree);
    const trainingConfig = readText(root, "training_config");
    const training =
      trainingConfig === undefined
        ? undefined
        : fromTrainingConfig(parseJson(trainingConfig, "training_config"));
    const trained = trainedWeights(description.layers, weights);
    const optimizer = training && readOptimizer(root, training.optimizer, trained);
    return {
      description,
      weights,
      ...withRule(own, preprocessing),
      ...(training?.compile && { compile: training.compile }),
      ...(optimizer && { optimizer }),
      ...(said.length > 0 && { notices: said }),
    };
  });
}

/** The model's config as the file has it, for whoever reads it with eyes of their own. */
export async function readKerasH5Config(bytes: Uint8Array): Promise<unknown> {
  return readHdf5(bytes, configOf);
}

function configOf(root: ReadGroup): unknown {
  const modelConfig = readText(root, "model_config");
  if (modelConfig === undefined) throw withoutModel(root);
  return parseJson(modelConfig, "model_config");
}

function withoutModel(root: ReadGroup): InputError {
  const onlyWeights = root.has("model_weights") || root.attribute("layer_names") !== undefined;
  const found = onlyWeights ? "weights without their model (save_weights?)" : "another kind of data";
  return new InputError("model.no-model", `Expected a whole Keras model in the HDF5 file, found ${found}`);
}

function writeTraining(root: NewGroup, { compile, optimizer }: FileModel): void {
  const config = optimizer ? asKeras2Writes(optimizer) : compile?.optimizer;
  if (config) root.attributes.set("training_config", JSON.stringify(toTrainingConfig(config, compile)));
}

/** Only by this name Keras 2 takes an optimizer for the kind whose state is in the file, and Keras 3 takes it for one with its defaults. */
function asKeras2Writes({
  className,
  config,
}: OptimizerRecord): Pick<OptimizerRecord, "className" | "config"> {
  return {
    className: `Custom>${className}`,
    config: { name: className, ...config, isLegacyOptimizer: false },
  };
}

const attributeOf = (part: OwnPartName) => `fovea_${part}`;

function writeOwn(root: NewGroup, model: FileModel): void {
  for (const [name, value] of Object.entries(ownParts(model))) {
    root.attributes.set(attributeOf(name as OwnPartName), JSON.stringify(value));
  }
}

function readOwn(root: ReadGroup): OwnParts {
  const find = (name: OwnPartName) => {
    const json = readText(root, attributeOf(name));
    return json === undefined ? undefined : parseJson(json, attributeOf(name));
  };
  return readOwnParts(find, attributeOf);
}
