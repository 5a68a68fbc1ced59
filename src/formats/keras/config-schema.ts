import { z } from "zod";
import { InputError } from "../../util/errors.ts";
import { damagedModel } from "../hdf5/group.ts";

/** The parts of Keras's `model_config` that a reader needs, in the spelling of Keras 2 or Keras 3. */

/** Before 2018 a Sequential's config was the bare list of its layers, and in TensorFlow.js long after. */
const named = (config: unknown) => (Array.isArray(config) ? { layers: config } : config);

/** Before TensorFlow 2.6 some layers were on trial, and some versions wrote so. */
const settled = (className: string) => className.replace(/^(?:[\w.]+\.)?experimental\.preprocessing[.>]/, "");

const layerSchema = z.object({
  class_name: z.string().transform(settled),
  config: z.preprocess(named, z.record(z.string(), z.unknown())),
  name: z.string().optional(),
  inbound_nodes: z.array(z.unknown()).optional(),
});
export type KerasLayer = z.infer<typeof layerSchema>;

const graphSchema = z.object({
  name: z.string().default("sequential"),
  layers: z.array(layerSchema).min(1),
  output_layers: z.unknown().optional(),
  build_input_shape: z.array(z.number().nullable()).nullish(),
});
export type KerasGraph = z.infer<typeof graphSchema>;

const modelSchema = z.object({
  class_name: z.string(),
  config: z.preprocess(named, graphSchema),
});

/** `where` is the place in the file: the attribute `model_config` or the part `config.json`. */
export function checkModelConfig(config: unknown, where: string): z.infer<typeof modelSchema> {
  const model = modelSchema.safeParse(config);
  if (model.success) return model.data;
  throw damagedModel(`Expected a Keras model in ${where}, found: ${z.prettifyError(model.error)}`);
}

/** A model of a thousand layers takes one of them. */
const MOST_CHARACTERS = 2 ** 24;
/** Lists in objects in lists: what reads them calls itself for each. */
const DEEPEST = 500;

/** @throws InputError `model.damaged` */
export function parseJson(json: string, where: string): unknown {
  if (json.length > MOST_CHARACTERS)
    throw damagedModel(`Expected at most ${MOST_CHARACTERS} characters in ${where}, found ${json.length}`);
  if (isDeeper(json, DEEPEST))
    throw damagedModel(`Expected JSON in ${where}, found lists and objects more than ${DEEPEST} deep`);
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw damagedModel(`Expected JSON in ${where}, found "${json.slice(0, 40)}" (${String(cause)})`);
  }
}

/** Counts what opens and closes outside of texts. */
function isDeeper(json: string, deepest: number): boolean {
  let [depth, inText] = [0, false];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inText && character === "\\") at++;
    else if (character === '"') inText = !inText;
    else if (inText) continue;
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > deepest) return true;
  }
  return false;
}

const modelClasses = ["Sequential", "Functional", "Model"];

/** A model among the layers. */
export function isModel({ class_name: className }: KerasLayer): boolean {
  return modelClasses.includes(className);
}

export function nameOf(layer: KerasLayer): string {
  const name = layer.name ?? layer.config.name;
  if (typeof name === "string") return name;
  if (isModel(layer)) return layer.class_name.toLowerCase();
  throw damagedModel(`Expected a name for each layer, found a ${layer.class_name} without one`);
}

/** The model is sound, but is or has what Fovea cannot run. */
export function unsupported(layer: string, what: string): InputError {
  const message = `Expected Keras's own layers from one image to one output, found a ${what} in layer "${layer}"`;
  return new InputError("model.unsupported", message);
}
