import type { OtherEngine } from "./engine.ts";
import { kerasArchive, kerasH5 } from "./keras-artifacts.ts";
import { onnxRuntime } from "./onnx-runtime.ts";
import { tensorFlowJs } from "./tensorflow-js.ts";
import { tfjsModel } from "./tfjs-artifacts.ts";

/** Which engine runs a format. What is not here, none does that npm has. */
const engines: Readonly<Record<string, OtherEngine>> = {
  onnx: onnxRuntime,
  keras: tensorFlowJs(kerasArchive),
  h5: tensorFlowJs(kerasH5),
  tfjs: tensorFlowJs(tfjsModel),
};

export function engineFor(format: string): OtherEngine | undefined {
  return Object.hasOwn(engines, format) ? engines[format] : undefined;
}
