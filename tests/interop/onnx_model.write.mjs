// Writes networks as .onnx, with images and what Fovea predicts for them, for onnx_model.check.py.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "../../dist/backends/choose.js";
import { lossFor } from "../../dist/core/losses.js";
import { buildModel, initialWeights } from "../../dist/core/model.js";
import { reportNetwork } from "../../dist/core/networks/report.js";
import { createOptimizer } from "../../dist/core/optimizers/table.js";
import { Session } from "../../dist/core/session.js";
import { alone } from "../../dist/formats/model-files.js";
import { writeOnnx } from "../../dist/formats/onnx/write.js";
import { readModelFile } from "../../dist/formats/table.js";
import { matchWeights } from "../../dist/tasks/classifier.js";

const folder = process.argv[2];
const data = process.env.FOVEA_DATA ?? new URL("../../../shared/data", import.meta.url).pathname;
const fileAt = (path) => readModelFile(alone(new Uint8Array(readFileSync(path))));
const fixture = (name) => fileAt(new URL(`../fixtures/${name}`, import.meta.url));

const written = JSON.parse(readFileSync(new URL("../fixtures/onnx/networks.json", import.meta.url), "utf8"));

/** The small networks that tests/formats/onnx holds to the files that were checked here, and some from elsewhere. */
const models = {
  ...Object.fromEntries(Object.entries(written).map(([name, network]) => [name, withFloats(network)])),
  report: untrained(reportNetwork([256, 256, 3], 1)),
  keras_residual: await fixture("formats/keras3-residual.keras"),
  keras_graph: await fixture("keras/graph-run.h5"),
  mini_xception: await fileAt(join(data, "weights/mini-xception-fer/fer2013_mini_XCEPTION.102-0.66.hdf5")),
};

function withFloats({ description, weights }) {
  return {
    description,
    weights: weights.map((weight) => ({ ...weight, values: Float32Array.from(weight.values) })),
  };
}

function untrained(description) {
  const model = buildModel(description);
  const values = initialWeights(model, 1);
  return { description, weights: model.weights.map((weight, i) => ({ ...weight, values: values[i] })) };
}

const BATCH = 3;
const { backend } = await chooseBackend("auto");
for (const [name, saved] of Object.entries(models)) {
  const model = buildModel(saved.description);
  const outputs = model.outputShape[0];
  const session = new Session(backend, model, { loss: lossFor(outputs), optimizer: createOptimizer("SGD") });
  session.weights = matchWeights(model, saved.weights);
  const length = saved.description.inputShape.reduce((product, side) => product * side, 1);
  const size = name === "odd_windows" ? 300 : 1; // it rescales by 255
  const images = Float32Array.from({ length: BATCH * length }, (_, i) => size * Math.sin(i * i));
  const predictions = await session.predict(images);
  for (const opset of [13, 21, 26]) {
    writeFileSync(
      join(folder, `${name}.${opset}.onnx`),
      writeOnnx({ ...saved, classes: ["ä", "b"] }, { opset }),
    );
  }
  const facts = {
    shape: [BATCH, ...saved.description.inputShape],
    images: [...images],
    predictions: [...predictions],
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(facts));
}
