import type { Tensor } from "../../core/program.ts";
import { InputError } from "../../util/errors.ts";
import { checkHasEqual, type PhotoInput } from "../photo-input.ts";
import type { OnnxGraph } from "./graph.ts";

/** What ONNX's Resize can do to the pixels of `tf.image.resize`. */
const inGraph = { resize: ["stretch"], interpolation: ["bilinear"], antialias: [false] };

/** The first operator set in which a resize can leave the batch open. */
const OPEN_BATCH = 18;

/** TensorProto.FLOAT */
const FLOAT = 1;

/** Makes the model's input of `photos` [batch, height, width, channels], whose height and width are open. */
export function preparePhotos(graph: OnnxGraph, images: Tensor, photos: PhotoInput, opset: number): void {
  checkHasEqual(photos, inGraph);
  const { scale, offset } = photos;
  if (opset < OPEN_BATCH) {
    const message = `Expected an operator set of at least ${OPEN_BATCH} to resize photos in the graph, found ${opset}`;
    throw new InputError("export.bad-opset", message);
  }
  const [, height, width] = images.shape;
  const floats = graph.add("Cast", ["photos"], "photos/float", { to: FLOAT });
  const first = graph.add("Transpose", [floats], "photos/channels", { perm: [0, 3, 1, 2] });
  const sizes = graph.constant("photos/size", BigInt64Array.of(BigInt(height), BigInt(width)));
  const resized = graph.add("Resize", [first, "", "", sizes], "photos/resized", {
    axes: [2, 3],
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
  const scaled = graph.add("Mul", [resized, graph.number("photos/scale", scale)], "photos/scaled");
  graph.set(
    images,
    graph.add("Add", [scaled, graph.number("photos/offset", offset)], "photos/prepared"),
    true,
  );
}
