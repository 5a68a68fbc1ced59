import type { io, Tensor } from "@tensorflow/tfjs-core";
import type { ModelSource } from "../../formats/model-files.ts";
import { type EngineInput, explainBy, type OpenModel, type OtherEngine } from "./engine.ts";

/** A layers model as TensorFlow.js takes it. */
export interface Artifacts {
  readonly modelTopology: object;
  readonly weights: readonly NamedArray[];
}

export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** From a file of some format. */
export type ReadArtifacts = (source: ModelSource) => Promise<Artifacts>;

const packages = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-layers", "@tensorflow/tfjs-backend-wasm"];

/** TensorFlow.js on its WebAssembly backend: the JavaScript one would take seconds for a photo. */
export const tensorFlowJs = (read: ReadArtifacts): OtherEngine => ({
  name: "TensorFlow.js",
  packages,
  load: async () => {
    const library = await loadLibrary();
    return {
      version: library.core.version_core,
      open: async (source) => open(library, await read(source).catch(explain)),
    };
  },
});

async function loadLibrary() {
  const core = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-wasm");
  return { core, layers };
}

type Library = Awaited<ReturnType<typeof loadLibrary>>;

async function open({ core, layers }: Library, artifacts: Artifacts): Promise<OpenModel> {
  const before = core.engine().backendName;
  await core.setBackend("wasm");
  const model = await layers.loadLayersModel(core.io.fromMemory(toIo(artifacts))).catch(explain);
  const predict = async ({ shape, values }: EngineInput) => {
    const images = core.tensor(values, [...shape], "float32");
    try {
      const output = core.tidy(() => model.predict(images)) as Tensor;
      return Float32Array.from(await output.data());
    } catch (error) {
      return explain(error);
    } finally {
      images.dispose();
    }
  };
  const close = async () => {
    model.dispose();
    if (before) await core.setBackend(before); // for whoever else uses it in this process
  };
  return { predict, close };
}

function toIo({ modelTopology, weights }: Artifacts): io.ModelArtifacts {
  const weightSpecs = weights.map(({ name, shape }) => ({
    name,
    shape: [...shape],
    dtype: "float32" as const,
  }));
  const all = new Float32Array(weights.reduce((sum, { values }) => sum + values.length, 0));
  let end = 0;
  for (const { values } of weights) {
    all.set(values, end);
    end += values.length;
  }
  return { modelTopology, weightSpecs, weightData: all.buffer };
}

/** What it has not says nothing of the file. */
const explain = explainBy(/Unknown (?:layer|activation)|not registered|not implemented|not supported/i);
