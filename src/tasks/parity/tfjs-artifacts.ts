import { checkTfjsModel } from "../../formats/tfjs/manifest.ts";
import { readArrays } from "../../formats/tfjs/weights.ts";
import type { ReadArtifacts } from "./tensorflow-js.ts";

/** What lies in a TensorFlow.js model.json and the files beside it, as it is. */
export const tfjsModel: ReadArtifacts = async (source) => {
  const { modelTopology, weightsManifest } = checkTfjsModel(
    JSON.parse(new TextDecoder().decode(source.bytes)),
  );
  return { modelTopology: modelTopology!, weights: await readArrays(weightsManifest, source) };
};
