import type { WeightRecord } from "../../core/description.ts";
import { buildModel } from "../../core/model.ts";
import { InputError } from "../../util/errors.ts";
import { damagedModel } from "../hdf5/group.ts";
import { parseJson } from "../keras/config-schema.ts";
import {
  findByName,
  firstNotFound,
  lastName,
  type WantedWeight,
  wantedWeights,
} from "../keras/find-weights.ts";
import { fromModelConfig } from "../keras/model-config.ts";
import { readOwnParts } from "../keras/own-parts.ts";
import { isRecord } from "../keras/spelling.ts";
import type { ModelSource } from "../model-files.ts";
import type { LooseWeights, SavedModel } from "../saved-model.ts";
import { fromTfjsLayers } from "./layers.ts";
import { checkTfjsModel, type TfjsModel } from "./manifest.ts";
import { teachableMachineParts } from "./teachable-machine.ts";
import { type NamedArray, readArrays } from "./weights.ts";

const FILE = "the file";

/**
 * The layers model in a model.json of TensorFlow.js and the files beside it, from Fovea, the converter of Keras files, TensorFlow.js itself or
 * Teachable Machine; weights alone where it has no topology. Quantised weights become float32.
 * @throws InputError `model.damaged`, `model.missing-weights`, `model.bad-name`, `model.unsupported` and those of `buildModel`
 */
export async function readTfjs(source: ModelSource): Promise<SavedModel | LooseWeights> {
  const model = checkTfjsModel(parseJson(new TextDecoder().decode(source.bytes), FILE));
  refuseGraphModel(model);
  const topology = model.modelTopology;
  if (!topology) {
    const arrays = await readArrays(model.weightsManifest, source);
    return { weights: arrays.map(looseWeight), named: "by layer" };
  }
  const {
    description: asWritten,
    tree,
    preprocessing,
  } = fromModelConfig(topology.model_config ?? topology, FILE);
  if (preprocessing) throw ownResizing();
  const description = fromTfjsLayers(asWritten);
  const wanted = wantedWeights(buildModel(description), tree);
  const weights = await readWeights(wanted, model, source);
  return { description, weights, ...(await ownParts(model, source, description.inputShape)) };
}

function ownResizing(): InputError {
  const message =
    "Expected a model of images of one size, found one with Resizing in front, which aligns corners in TensorFlow.js and nowhere else";
  return new InputError("model.unsupported", message);
}

async function readWeights(
  wanted: readonly WantedWeight[],
  { weightsManifest }: TfjsModel,
  source: ModelSource,
): Promise<WeightRecord[]> {
  const arrays = await readArrays(weightsManifest, source);
  const names = arrays.map(({ name }) => name);
  const found = findByName(wanted, names);
  if (found === undefined) {
    const message = `Expected an array for each weight, found none or several for ${firstNotFound(wanted, names)}`;
    throw damagedModel(message);
  }
  const byName = new Map(arrays.map((array) => [array.name, array]));
  return wanted.map(({ layer, name }, i) => {
    const { shape, values } = byName.get(found[i])!;
    return { layer, name, shape, values };
  });
}

function looseWeight({ name, shape, values }: NamedArray): WeightRecord {
  return { layer: name.slice(0, Math.max(name.lastIndexOf("/"), 0)), name: lastName(name), shape, values };
}

function refuseGraphModel({ format, modelTopology }: TfjsModel): void {
  if (format !== "graph-model" && !Array.isArray(modelTopology?.node)) return;
  const message =
    "Expected a TensorFlow.js layers model, found a graph model, which has operations in place of layers; " +
    "convert the Keras file it was made of with tensorflowjs_converter --output_format tfjs_layers_model";
  throw new InputError("model.unsupported", message);
}

async function ownParts(model: TfjsModel, source: ModelSource, inputShape: readonly number[]) {
  const own = model.userDefinedMetadata?.fovea;
  if (!isRecord(own)) return teachableMachineParts(source, inputShape);
  return readOwnParts(
    (name) => own[name],
    (name) => `${FILE}: fovea.${name}`,
  );
}
