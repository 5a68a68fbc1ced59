import { readKerasArchive } from "../../formats/keras/archive.ts";
import { readKerasH5 } from "../../formats/keras/h5.ts";
import { type ModelSource, sourceOf } from "../../formats/model-files.ts";
import type { SavedModel } from "../../formats/saved-model.ts";
import { writeTfjs } from "../../formats/tfjs/write.ts";
import type { OtherEngine } from "./engine.ts";
import { onnxRuntime } from "./onnx-runtime.ts";
import { tensorFlowJs } from "./tensorflow-js.ts";

/** TensorFlow.js opens no files of Keras: it gets what Fovea finds in them, in its own format. */
const read = (file: (bytes: Uint8Array) => Promise<SavedModel>) =>
  tensorFlowJs(async ({ bytes }: ModelSource) => sourceOf(await writeTfjs(await file(bytes))));

/** Which engine runs a format. What is not here, none does that npm has. */
const engines: Readonly<Record<string, OtherEngine>> = {
  onnx: onnxRuntime,
  tfjs: tensorFlowJs(async (source) => source),
  keras: read(readKerasArchive),
  h5: read(readKerasH5),
};

export function engineFor(format: string): OtherEngine | undefined {
  return Object.hasOwn(engines, format) ? engines[format] : undefined;
}
