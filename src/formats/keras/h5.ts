import { z } from "zod";
import { InputError } from "../../util/errors.ts";
import { damagedModel, type ReadGroup, readText } from "../hdf5/group.ts";
import { readHdf5 } from "../hdf5/read.ts";
import { NewGroup } from "../hdf5/tree.ts";
import { writeHdf5 } from "../hdf5/write.ts";
import type { SavedModel } from "../saved-model.ts";
import { parseJson } from "./config-schema.ts";
import { fromModelConfig, toModelConfig } from "./model-config.ts";
import { readOptimizer, trainedWeights, writeOptimizer } from "./optimizer-weights.ts";
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
export function writeKerasH5(model: SavedModel): Uint8Array[] {
  const root = new NewGroup();
  root.attributes.set("keras_version", layout.kerasVersion);
  root.attributes.set("backend", layout.backend);
  root.attributes.set("model_config", JSON.stringify(toModelConfig(model.description)));
  writeTraining(root, model);
  writeOwn(root, model);
  writeWeights(root, model.description, model.weights);
  if (model.optimizer) writeOptimizer(root, model.optimizer, model.weights);
  return writeHdf5(root);
}

/**
 * The model in a `.h5` that Fovea, Keras 2 or Keras 3 has written; its weights may lie in the bytes themselves. Throws `InputError`s: `model.empty-file`,
 * `model.not-hdf5`, `model.truncated`, `model.damaged`, `model.no-model`, `model.unsupported`.
 */
export async function readKerasH5(bytes: Uint8Array): Promise<SavedModel> {
  return readHdf5(bytes, (root) => {
    const modelConfig = readText(root, "model_config");
    if (modelConfig === undefined) throw withoutModel(root);
    const description = fromModelConfig(modelConfig);
    const weights = readWeights(root);
    const trainingConfig = readText(root, "training_config");
    const training = trainingConfig === undefined ? undefined : fromTrainingConfig(trainingConfig);
    const trained = trainedWeights(description.layers, weights);
    const optimizer = training && readOptimizer(root, training.optimizer, trained);
    return {
      description,
      weights,
      ...readOwn(root),
      ...(training?.compile && { compile: training.compile }),
      ...(optimizer && { optimizer }),
    };
  });
}

function withoutModel(root: ReadGroup): InputError {
  const onlyWeights = root.has("model_weights") || root.attribute("layer_names") !== undefined;
  const found = onlyWeights ? "weights without their model (save_weights?)" : "another kind of data";
  return new InputError("model.no-model", `Expected a whole Keras model in the HDF5 file, found ${found}`);
}

function writeTraining(root: NewGroup, { compile, optimizer }: SavedModel): void {
  const config = optimizer ?? compile?.optimizer;
  if (config) root.attributes.set("training_config", JSON.stringify(toTrainingConfig(config, compile)));
}

const ownSchema = {
  preprocessing: z.record(z.string(), z.unknown()),
  classes: z.array(z.string()),
  extra: z.record(z.string(), z.string()),
};

function writeOwn(root: NewGroup, model: SavedModel): void {
  for (const part of ["preprocessing", "classes", "extra"] as const) {
    if (model[part]) root.attributes.set(`fovea_${part}`, JSON.stringify(model[part]));
  }
}

function readOwn(root: ReadGroup): Pick<SavedModel, "preprocessing" | "classes" | "extra"> {
  return {
    ...readPart(root, "preprocessing"),
    ...readPart(root, "classes"),
    ...readPart(root, "extra"),
  };
}

function readPart(root: ReadGroup, part: keyof typeof ownSchema): Pick<SavedModel, typeof part> {
  const json = readText(root, `fovea_${part}`);
  if (json === undefined) return {};
  const value = ownSchema[part].safeParse(parseJson(json, `fovea_${part}`));
  if (value.success) return { [part]: value.data };
  throw damagedModel(`Expected ${part} in "fovea_${part}", found: ${z.prettifyError(value.error)}`);
}
