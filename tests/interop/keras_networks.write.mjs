// Reads the models of keras_networks.make.py, predicts real photos with each, and writes each as .keras, .h5 and .onnx.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "../../dist/backends/choose.js";
import { lossFor } from "../../dist/core/losses.js";
import { buildModel } from "../../dist/core/model.js";
import { createOptimizer } from "../../dist/core/optimizers/table.js";
import { Session } from "../../dist/core/session.js";
import { floatsOf, keepSmaller } from "../../dist/data/prepare.js";
import { preprocessingSchema } from "../../dist/data/preprocessing.js";
import { decodePhoto } from "../../dist/data/read-photo.js";
import { alone } from "../../dist/formats/model-files.js";
import { modelFormats, readModelFile } from "../../dist/formats/table.js";
import { nodeMachine } from "../../dist/platform/node/node-machine.js";
import { matchWeights } from "../../dist/tasks/classifier.js";

const folder = process.argv[2];
const data = process.env.FOVEA_DATA ?? new URL("../../../shared/data", import.meta.url).pathname;
const facts = JSON.parse(readFileSync(join(folder, "models.json"), "utf8"));
const photos = ["happy", "sad"].flatMap((name) =>
  readdirSync(join(data, "happy-sad", name))
    .filter((file) => /\.jpe?g$/i.test(file))
    .slice(0, 2)
    .map((file) => join(data, "happy-sad", name, file)),
);
writeFileSync(join(folder, "photos.json"), JSON.stringify(photos));

const { backend } = await chooseBackend("auto");
const results = {};
for (const [name, { scale }] of Object.entries(facts)) {
  for (const ending of ["keras", "h5"]) {
    try {
      results[`${name}.${ending}`] = { predictions: await tryOut(name, ending, scale) };
    } catch (error) {
      results[`${name}.${ending}`] = { error: error.code ? error.message : String(error.stack) };
    }
  }
}
writeFileSync(join(folder, "results.json"), JSON.stringify(results));

async function tryOut(name, ending, scale) {
  const bytes = new Uint8Array(readFileSync(join(folder, `${name}.${ending}`)));
  const saved = await readModelFile(alone(bytes));
  const model = buildModel(saved.description);
  const images = await prepare(saved.description.inputShape, scale);
  writeFileSync(join(folder, `${name}.f32`), images);
  const session = new Session(backend, model, { loss: lossFor(2), optimizer: createOptimizer("SGD") });
  session.weights = matchWeights(model, saved.weights);
  const predictions = [...(await session.predict(images))];
  const formats = ending === "keras" ? ["keras", "h5", "onnx"] : ["h5"];
  for (const format of modelFormats.filter((one) => formats.includes(one.name))) {
    const { pieces } = await format.write(saved, {});
    writeFileSync(join(folder, `${name}.from-${ending}${format.extension}`), Buffer.concat(pieces));
  }
  return predictions;
}

async function prepare([height, width], scale) {
  const rule = preprocessingSchema.parse({ height, width, scale });
  const rows = [];
  for (const photo of photos)
    rows.push(...(await floatsOf(keepSmaller(await decodePhoto(nodeMachine, photo), rule, nodeMachine))));
  return Float32Array.from(rows);
}
