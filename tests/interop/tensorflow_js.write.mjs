// What the two TensorFlow.js models of the shared data say of the photos in happy-sad/, here and in TensorFlow.js itself, for
// tensorflow_js.check.py: Teachable Machine's as it is, MobileNet's weights in the network of that name. From the same prepared pixels.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { chooseBackend } from "../../dist/backends/choose.js";
import { buildModel } from "../../dist/core/model.js";
import { describeNetwork } from "../../dist/core/networks/table.js";
import { Session } from "../../dist/core/session.js";
import { floatsOf, keepSmaller } from "../../dist/data/prepare.js";
import { preprocessingSchema } from "../../dist/data/preprocessing.js";
import { decodePhoto } from "../../dist/data/read-photo.js";
import { findByName, wantedWeights } from "../../dist/formats/keras/find-weights.js";
import { readWeightsFile } from "../../dist/formats/table.js";
import { nodeMachine } from "../../dist/platform/node/node-machine.js";
import { loadClassifier } from "../../dist/tasks/classifier.js";
import { openSource } from "../../dist/tasks/model-source.js";
import { mobileNetInTensorflowJs } from "../support/mobilenet-tfjs.mjs";

const PHOTOS = 24;
const INPUT = [224, 224, 3];

const folder = process.argv[2];
const data = process.env.FOVEA_DATA ?? new URL("../../../shared/data", import.meta.url).pathname;
const weights = (name) => join(data, "weights", name);
const photos = ["happy", "sad"].flatMap((name) =>
  readdirSync(join(data, "happy-sad", name))
    .sort()
    .slice(0, PHOTOS / 2)
    .map((photo) => join(data, "happy-sad", name, photo)),
);

await tf.setBackend("wasm");

/** The parts of a model.json as TensorFlow.js wants them from whoever loads it. */
function artifactsIn(path) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  const shards = weightsManifest.flatMap(({ paths }) => paths.map((name) => readFileSync(join(path, name))));
  const weightData = new Uint8Array(Buffer.concat(shards)).buffer;
  return { modelTopology, weightData, weightSpecs: weightsManifest.flatMap((group) => group.weights) };
}

function answer(model, pixels) {
  const output = tf.tidy(() => model.predict(tf.tensor(pixels, [1, ...INPUT])));
  return [...output.dataSync()];
}

async function sessionOf(model, arrays) {
  const { backend } = await chooseBackend("auto");
  const session = new Session(backend, model);
  session.weights = arrays;
  return session;
}

async function compare(name, session, theirs, rule) {
  const [pixels, ours, tensorflowJs] = [[], [], []];
  for (const photo of photos) {
    const prepared = await floatsOf(keepSmaller(await decodePhoto(nodeMachine, photo), rule, nodeMachine));
    pixels.push(Buffer.from(prepared.buffer));
    ours.push([...(await session.predict(prepared))]);
    tensorflowJs.push(answer(theirs, prepared));
  }
  writeFileSync(join(folder, `${name}.f32`), Buffer.concat(pixels));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ours, tensorflowJs }));
}

const machine = await loadClassifier(nodeMachine, weights("mobilenet-v2-0.35-tfjs"));
const inTensorflowJs = await loadLayersModel({
  load: async () => artifactsIn(weights("mobilenet-v2-0.35-tfjs")),
});
const session = await sessionOf(machine.model, machine.weights);
await compare("teachable-machine", session, inTensorflowJs, machine.preprocessing);

const file = join(weights("mobilenet-v1-0.25-tfjs"), "model.json");
const loose = await readWeightsFile(await openSource(nodeMachine, file));
const description = describeNetwork("mobilenet-v1-0.25", INPUT, 1000);
const model = buildModel(description);
const tree = description.layers.map(({ className, name }) => ({ className, name, layer: name }));
const names = loose.weights.map(({ layer, name }) => `${layer}/${name}`);
const found = findByName(wantedWeights(model, tree), names);
const arrays = found.map((name) => loose.weights[names.indexOf(name)].values);
const theirs = mobileNetInTensorflowJs(0.25, INPUT, 1000);
const { weightData, weightSpecs } = artifactsIn(weights("mobilenet-v1-0.25-tfjs"));
theirs.loadWeights(tf.io.decodeWeights(weightData, weightSpecs));
const rule = preprocessingSchema.parse({
  height: 224,
  width: 224,
  resize: "crop",
  scale: 1 / 127.5,
  offset: -1,
});
await compare("mobilenet", await sessionOf(model, arrays), theirs, rule);
writeFileSync(join(folder, "weights.json"), JSON.stringify({ folder: weights("mobilenet-v1-0.25-tfjs") }));
