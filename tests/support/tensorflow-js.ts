import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers";
import type { ModelSource } from "../../src/formats/model-files.ts";

/** TensorFlow.js as the judge of what is written and the maker of what is read, on its plain JavaScript backend. */

/** Opens a model as a page would. */
export async function openInTensorflowJs(source: ModelSource): Promise<LayersModel> {
  await tf.setBackend("cpu");
  const json = JSON.parse(new TextDecoder().decode(source.bytes));
  const groups: { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[] = json.weightsManifest;
  const shards = await Promise.all(groups.flatMap(({ paths }) => paths.map((path) => source.beside(path))));
  const weightData = await new Blob(shards as BlobPart[]).arrayBuffer();
  const weightSpecs = groups.flatMap(({ weights }) => weights);
  const load = async () => ({ modelTopology: json.modelTopology, weightSpecs, weightData });
  return loadLayersModel({ load });
}

/** [batch, outputs] for images [batch, ...inputShape]. */
export function predictInTensorflowJs(
  model: LayersModel,
  images: Float32Array,
  inputShape: readonly number[],
): Float32Array {
  const batch = images.length / inputShape.reduce((product, side) => product * side, 1);
  const output = model.predict(tf.tensor(images, [batch, ...inputShape])) as tf.Tensor;
  return Float32Array.from(output.dataSync());
}

/** The files that TensorFlow.js itself writes for a model. */
export async function saveInTensorflowJs(model: LayersModel): Promise<ModelSource> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  const save = async (given: tf.io.ModelArtifacts) => {
    artifacts = given;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" as const } };
  };
  await model.save({ save });
  const { weightSpecs, weightData, modelTopology, format } = artifacts!;
  const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
  const bytes = new TextEncoder().encode(JSON.stringify({ format, modelTopology, weightsManifest }));
  const weights = new Uint8Array(await new Blob([weightData].flat() as BlobPart[]).arrayBuffer());
  return { bytes, beside: async (name) => (name === "weights.bin" ? weights : undefined) };
}
