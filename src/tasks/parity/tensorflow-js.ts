import type { io, Tensor } from "@tensorflow/tfjs-core";
import type { ModelSource } from "../../formats/model-files.ts";
import { CannotRun, type EngineInput, explainBy, type OpenModel, type OtherEngine } from "./engine.ts";

const packages = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-layers", "@tensorflow/tfjs-backend-wasm"];

/**
 * TensorFlow.js on its WebAssembly backend: the JavaScript one would take seconds for a photo.
 * @param layersModel what it reads, a model.json with its weights beside it, of a file of some format
 */
export const tensorFlowJs = (layersModel: (source: ModelSource) => Promise<ModelSource>): OtherEngine => ({
  name: "TensorFlow.js",
  packages,
  runsPreparation: false, // its Resizing aligns corners, which Keras's does not
  load: async () => {
    const library = await loadLibrary();
    const openModel = async (source: ModelSource) => {
      const artifacts = await layersModel(source).then(artifactsOf).catch(explain);
      return open(library, artifacts);
    };
    return { version: library.core.version_core, open: openModel };
  },
});

async function loadLibrary() {
  const core = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-wasm");
  return { core, layers };
}

type Library = Awaited<ReturnType<typeof loadLibrary>>;

async function open({ core, layers }: Library, artifacts: io.ModelArtifacts): Promise<OpenModel> {
  const before = core.engine().backendName;
  if (!(await core.setBackend("wasm"))) throw new CannotRun("its WebAssembly backend does not start here");
  const model = await layers.loadLayersModel(core.io.fromMemory(artifacts)).catch(explain);
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

/** What TensorFlow.js itself makes of the files where it loads them by their addresses. */
async function artifactsOf({ bytes, beside }: ModelSource): Promise<io.ModelArtifacts> {
  const { modelTopology, weightsManifest }: io.ModelJSON = JSON.parse(new TextDecoder().decode(bytes));
  const paths = weightsManifest.flatMap((group) => group.paths);
  const shards = await Promise.all(
    paths.map(async (path) => (await beside(path)) ?? Promise.reject(new Error(`There is no ${path}`))),
  );
  const weightData = await new Blob(shards as BlobPart[]).arrayBuffer();
  return { modelTopology, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData };
}

/** What it has not says nothing of the file. */
const explain = explainBy(/Unknown (?:layer|activation)|not registered|not implemented|not supported/i);
