import {
  type EngineInput,
  explainBy,
  type LoadedEngine,
  type OpenModel,
  type OtherEngine,
} from "./engine.ts";

/** ONNX Runtime's WebAssembly build, which needs no install script and no download of its own. */
export const onnxRuntime: OtherEngine = {
  name: "ONNX Runtime",
  packages: ["onnxruntime-web"],
  runsPreparation: true,
  load,
};

type Runtime = typeof import("onnxruntime-web");

/** Errors only: it tells of each node that it leaves out. */
const LOG_ERRORS = 3;

async function load(): Promise<LoadedEngine> {
  const runtime: Runtime = await import("onnxruntime-web");
  runtime.env.wasm.numThreads ??= 1; // threads would take longer to start than a few photos take
  return {
    version: runtime.env.versions.web ?? "of unknown version",
    open: ({ bytes }) => open(runtime, bytes),
  };
}

async function open(runtime: Runtime, bytes: Uint8Array): Promise<OpenModel> {
  const session = await runtime.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    logSeverityLevel: LOG_ERRORS,
  }).catch(explain);
  const [input, output] = [session.inputNames[0], session.outputNames[0]];
  const predict = async ({ shape, values }: EngineInput) => {
    const images =
      values instanceof Float32Array
        ? new runtime.Tensor("float32", values, shape)
        : new runtime.Tensor("uint8", values, shape);
    const results = await session.run({ [input]: images }).catch(explain);
    return Float32Array.from((await results[output].getData()) as Float32Array);
  };
  return { predict, close: () => session.release() };
}

/** A file with operators newer than the runtime is no worse for that. */
const explain = explainBy(/opset|NOT_IMPLEMENTED/i);
