import type { LayerDescription, ModelDescription } from "../../core/description.ts";
import { checkHasEqual, type PhotoInput } from "../photo-input.ts";
import type { SavedModel } from "../saved-model.ts";
import { unsupported } from "./config-schema.ts";

/**
 * How photos are prepared, as layers in front of a model whose input is open: Resizing and Rescaling. In Fovea they are the rule of
 * the model and no layers: it decodes and resizes a photo in one pass.
 */

/** A description in a file: height and width of its input may be open. */
export interface FileDescription extends Omit<ModelDescription, "inputShape"> {
  readonly inputShape: readonly (number | null)[];
}

/** A model as it is written. */
export interface FileModel extends Omit<SavedModel, "description"> {
  readonly description: FileDescription;
}

/** What `tf.image.resize` does here and there; `pad_to_aspect_ratio` pads before it resizes, which gives other pixels. */
const inBothKeras = {
  resize: ["stretch", "crop"],
  interpolation: ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5"],
};

/**
 * The model with layers in front that prepare photos.
 * @param antialias the Keras that is written for can do that
 * @throws InputError `export.no-equal`
 */
export function withPhotoLayers(
  model: SavedModel,
  photos: PhotoInput | undefined,
  antialias: boolean,
): FileModel {
  if (photos === undefined) return model;
  checkHasEqual(photos, { ...inBothKeras, antialias: antialias ? [false, true] : [false] });
  const { layers, inputName, inputShape, name } = model.description;
  const [height, width, channels] = inputShape;
  const { scale, offset, resize, interpolation } = photos;
  const resizing = {
    ...{ height, width, interpolation, cropToAspectRatio: resize === "crop" },
    ...(photos.antialias && { antialias: true }), // older versions of Keras 3 do not know the word
  };
  const taken = new Set([...layers.map((layer) => layer.name), inputName]);
  const [first, last] = ["resizing", "rescaling"].map((wanted) => unused(wanted, taken));
  const inFront: LayerDescription[] = [
    { className: "Resizing", name: first, config: resizing },
    { className: "Rescaling", name: last, config: { scale, offset } },
  ];
  const behind = layers.map((layer) => renamedInput(layer, inputName, last));
  const named = inputName === undefined ? {} : { inputName };
  return {
    ...model,
    description: { name, inputShape: [null, null, channels], layers: [...inFront, ...behind], ...named },
  };
}

/** A description without the layers that prepare photos, and the rule that they stand for. */
export interface WithoutPhotoLayers {
  readonly description: ModelDescription;
  readonly preprocessing?: SavedModel["preprocessing"];
}

/**
 * Takes Resizing, and a Rescaling of all channels alike on either side of it, from the front of a model whose input is open; undefined
 * where there is no Resizing.
 * @throws InputError `model.unsupported` where Fovea has no equal
 */
export function takePhotoLayers(file: FileDescription): WithoutPhotoLayers | undefined {
  const front = frontOf(file);
  const resizing = front.find(({ className }) => className === "Resizing");
  const channels = file.inputShape[2];
  if (resizing === undefined || channels === null) return undefined;
  const { scale = 1, offset = 0 } = front.find(isPlainRescaling)?.config ?? {};
  const rule = { ...ruleOf(resizing), colorMode: channels === 1 ? "grayscale" : "rgb", scale, offset };
  const last = front[front.length - 1].name;
  const layers = file.layers.slice(front.length);
  const named = layers.some(({ inputs }) => inputs?.includes(last)); // which is now what the input is called
  const inputShape = [rule.height, rule.width, channels] as const;
  return {
    description: { name: file.name, inputShape, layers, ...(named && { inputName: last }) },
    preprocessing: rule,
  };
}

/** What the layers do is what Keras does; of what comes before them, such as decoding, only the file's own rule tells. */
export function withRule<Own extends Pick<SavedModel, "preprocessing">>(
  own: Own,
  layers: SavedModel["preprocessing"],
): Own {
  return layers === undefined ? own : { ...own, preprocessing: { ...own.preprocessing, ...layers } };
}

/** The first layers, as long as nothing else takes from what they take from: one Resizing, one Rescaling. */
function frontOf({ layers, inputName }: FileDescription): LayerDescription[] {
  const front: LayerDescription[] = [];
  for (const layer of layers.slice(0, 2)) {
    const before = front.at(-1)?.name ?? inputName;
    const users = layers.filter(({ inputs }) => before !== undefined && inputs?.includes(before));
    const isAlone = users.every((user) => user === layer) && (layer.inputs?.length ?? 1) === 1;
    const isKnown = layer.className === "Resizing" || isPlainRescaling(layer);
    if (!isAlone || !isKnown || front.some(({ className }) => className === layer.className)) break;
    front.push(layer);
  }
  return front;
}

function isPlainRescaling({ className, config: { scale, offset = 0 } }: LayerDescription): boolean {
  return className === "Rescaling" && typeof scale === "number" && typeof offset === "number";
}

function ruleOf({ name, config }: LayerDescription) {
  const { height, width, interpolation = "bilinear", cropToAspectRatio = false, antialias = false } = config;
  if (config.padToAspectRatio) throw unsupported(name, "Resizing with pad_to_aspect_ratio");
  if (!inBothKeras.interpolation.includes(String(interpolation).toLowerCase())) {
    throw unsupported(name, `Resizing by ${JSON.stringify(interpolation)}`);
  }
  return {
    height: side(name, height),
    width: side(name, width),
    resize: cropToAspectRatio ? "crop" : "stretch",
    interpolation: String(interpolation).toLowerCase(),
    antialias: antialias === true,
  };
}

function side(layer: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  throw unsupported(layer, `Resizing to ${JSON.stringify(value) ?? "nothing"}`);
}

function renamedInput(layer: LayerDescription, from: string | undefined, to: string): LayerDescription {
  if (layer.inputs === undefined) return layer;
  return { ...layer, inputs: layer.inputs.map((name) => (name === from ? to : name)) };
}

function unused(wanted: string, taken: ReadonlySet<string | undefined>): string {
  return taken.has(wanted) ? unused(`${wanted}_`, taken) : wanted;
}
