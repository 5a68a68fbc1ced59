import { buildModel, type Model } from "../../core/model.ts";
import type { Tensor } from "../../core/program.ts";
import { inferenceProgram } from "../../core/programs.ts";
import { InputError } from "../../util/errors.ts";
import { elementCount } from "../../util/shapes.ts";
import type { PhotoInput } from "../photo-input.ts";
import type { SavedModel } from "../saved-model.ts";
import { OnnxGraph } from "./graph.ts";
import { encodeOnnx } from "./messages.ts";
import { preparePhotos } from "./photos.ts";
import { type Translation, translate } from "./translate.ts";

/**
 * The operator set that is written unless told otherwise: what ONNX Runtime has run since 1.18, in the browser too. Nothing in a
 * classifier is newer.
 */
export const DEFAULT_OPSET = 21;

/** The first in which every operator that is written has its present form, and the last that has been tried. */
export const OPSETS = { first: 13, last: 26 } as const;

export interface OnnxOptions {
  readonly opset?: number | undefined;
  /** Put the way from photos of any size to the model's input into the graph. */
  readonly photos?: PhotoInput | undefined;
}

/**
 * The bytes of a `.onnx`: input `images` [batch, height, width, channels] as float32, prepared as the metadata says, or `photos`
 * [batch, any height, any width, channels] as bytes; output `predictions` [batch, outputs]. Class names and preprocessing lie in the metadata as JSON, `classes` and `preprocessing`.
 * @throws InputError `export.bad-opset`, `export.no-equal`
 */
export function writeOnnx(
  saved: SavedModel,
  { opset = DEFAULT_OPSET, photos }: OnnxOptions = {},
): Uint8Array {
  checkOpset(opset);
  const model = buildModel(saved.description);
  const { nodes, inputs, outputs } = inferenceProgram(model, { batchSize: 1, fused: false });
  const graph = new OnnxGraph(nodes, weightsOf(model, saved));
  const translation: Translation = { graph, fills: new Map(), kernels: new Map(), normalizations: new Map() };
  const images = inputs.get("images")!;
  if (photos) preparePhotos(graph, images, photos, opset);
  else graph.set(images, "images");
  for (const node of nodes) translate(translation, node);
  const last = graph.lastChannels(outputs.get("predictions")!);
  graph.add("Identity", [last], "predictions");
  const { classes, preprocessing, description } = saved;
  return encodeOnnx({
    opset,
    name: description.name,
    nodes: graph.nodes,
    tensors: graph.tensors,
    input: photos
      ? { name: "photos", type: "uint8", shape: ["batch", "height", "width", description.inputShape[2]] }
      : { name: "images", type: "float32", shape: ["batch", ...description.inputShape] },
    output: { name: "predictions", type: "float32", shape: ["batch", ...model.outputShape] },
    metadata: {
      ...(classes && { classes: JSON.stringify(classes) }),
      ...(preprocessing && { preprocessing: JSON.stringify(preprocessing) }),
    },
  });
}

function checkOpset(opset: number): void {
  const { first, last } = OPSETS;
  if (Number.isInteger(opset) && opset >= first && opset <= last) return;
  const message = `Expected an operator set from ${first} to ${last}, found ${opset}`;
  throw new InputError("export.bad-opset", message);
}

/** Which weight lies at a place of the state. */
function weightsOf(model: Model, { weights }: SavedModel) {
  return ({ offset, shape }: Tensor) => {
    const count = elementCount(shape); // whatever axes it is seen in
    const place = model.weights.find(
      (weight) => weight.offset === offset && elementCount(weight.shape) === count,
    );
    const record = weights.find(({ layer, name }) => layer === place?.layer && name === place.name);
    if (!record) throw new Error(`Expected a weight at ${offset} of the state, found none`);
    return { name: `${record.layer}/${record.name}`, values: record.values };
  };
}
