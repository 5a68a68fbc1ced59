import type { File } from "h5wasm";
import { z } from "zod";
import { InputError } from "../../util/errors.ts";
import type { SavedModel } from "../saved-model.ts";
import { parseJson } from "./config-schema.ts";
import {
  damagedModel,
  type Hdf5Memory,
  type Hdf5Source,
  readHdf5,
  readText,
  writeHdf5,
  writeText,
} from "./hdf5.ts";
import { fromModelConfig, toModelConfig } from "./model-config.ts";
import { readOptimizer, trainedWeights, writeOptimizer } from "./optimizer-weights.ts";
import { fromTrainingConfig, toTrainingConfig } from "./training-config.ts";
import { layout, readWeights, writeWeights } from "./weights.ts";

/**
 * Keras 2's whole-model HDF5 file (`.h5`), which Keras 3 reads too. What Keras has no place for (preprocessing,
 * class names, `extra`) lies in attributes of our own, which it ignores.
 */

/**
 * The bytes of a `.h5`. Weights are kept to the bit. Throws where the model is not a sequence of layers. Who writes one model
 * after the other gives the same `memory` each time; the bytes are then good until the next call.
 */
export async function writeKerasH5(model: SavedModel, memory?: Hdf5Memory): Promise<Uint8Array> {
  const modelConfig = JSON.stringify(toModelConfig(model.description));
  const build = (file: File) => {
    writeText(file, "keras_version", layout.kerasVersion);
    writeText(file, "backend", layout.backend);
    writeText(file, "model_config", modelConfig);
    writeTraining(file, model);
    writeOwn(file, model);
    writeWeights(file, model.description, model.weights);
    if (model.optimizer) writeOptimizer(file, model.optimizer, model.weights);
  };
  return writeHdf5(expectedBytes(model), build, memory);
}

/**
 * The model in a `.h5` that Fovea, Keras 2 or Keras 3 has written. Throws `InputError`s: `model.empty-file`,
 * `model.not-hdf5`, `model.truncated`, `model.damaged`, `model.no-model`, `model.unsupported`.
 */
export async function readKerasH5(bytes: Uint8Array): Promise<SavedModel> {
  return readHdf5(bytes, (source) => {
    const { file } = source;
    const modelConfig = readText(source, file, "model_config");
    if (modelConfig === undefined) throw withoutModel(file);
    const description = fromModelConfig(modelConfig);
    const weights = readWeights(source);
    const trainingConfig = readText(source, file, "training_config");
    const training = trainingConfig === undefined ? undefined : fromTrainingConfig(trainingConfig);
    const trained = trainedWeights(description.layers, weights);
    const optimizer = training && readOptimizer(source, training.optimizer, trained);
    return {
      description,
      weights,
      ...readOwn(source),
      ...(training?.compile && { compile: training.compile }),
      ...(optimizer && { optimizer }),
    };
  });
}

/** Enough for the arrays, for what HDF5 keeps of each array and group, and for the texts. */
function expectedBytes({ description, weights, optimizer, extra = {} }: SavedModel): number {
  const arrays = [...weights, ...(optimizer?.slots.map(({ weight }) => weight) ?? [])];
  const values = arrays.reduce((bytes, array) => bytes + array.values.byteLength, 0);
  const texts = Object.values(extra).reduce((bytes, text) => bytes + text.length, 0);
  return values + 2048 * arrays.length + 4096 * description.layers.length + 2 * texts + 65536;
}

function withoutModel(file: File): InputError {
  const onlyWeights = file.get("model_weights") !== null || "layer_names" in file.attrs;
  const found = onlyWeights ? "weights without their model (save_weights?)" : "another kind of data";
  return new InputError("model.no-model", `Expected a whole Keras model in the HDF5 file, found ${found}`);
}

function writeTraining(file: File, { compile, optimizer }: SavedModel): void {
  const config = optimizer ?? compile?.optimizer;
  if (config) writeText(file, "training_config", JSON.stringify(toTrainingConfig(config, compile)));
}

const ownSchema = {
  preprocessing: z.record(z.string(), z.unknown()),
  classes: z.array(z.string()),
  extra: z.record(z.string(), z.string()),
};

function writeOwn(file: File, model: SavedModel): void {
  for (const part of ["preprocessing", "classes", "extra"] as const) {
    if (model[part]) writeText(file, `fovea_${part}`, JSON.stringify(model[part]));
  }
}

function readOwn(source: Hdf5Source): Pick<SavedModel, "preprocessing" | "classes" | "extra"> {
  return {
    ...readPart(source, "preprocessing"),
    ...readPart(source, "classes"),
    ...readPart(source, "extra"),
  };
}

function readPart(source: Hdf5Source, part: keyof typeof ownSchema): Pick<SavedModel, typeof part> {
  const json = readText(source, source.file, `fovea_${part}`);
  if (json === undefined) return {};
  const value = ownSchema[part].safeParse(parseJson(json, `fovea_${part}`));
  if (value.success) return { [part]: value.data };
  throw damagedModel(`Expected ${part} in "fovea_${part}", found: ${z.prettifyError(value.error)}`);
}
