// What a Keras file of 2017 (shared data) says of every face of expressions-48/, with the prepared faces, for mini_xception.check.py.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "../../dist/backends/choose.js";
import { lossFor } from "../../dist/core/losses.js";
import { buildModel } from "../../dist/core/model.js";
import { createOptimizer } from "../../dist/core/optimizers/table.js";
import { Session } from "../../dist/core/session.js";
import { floatsOf, keepSmaller } from "../../dist/data/prepare.js";
import { preprocessingSchema } from "../../dist/data/preprocessing.js";
import { decodePhoto } from "../../dist/data/read-photo.js";
import { openSource } from "../../dist/data/source.js";
import { alone } from "../../dist/formats/model-files.js";
import { readModelFile } from "../../dist/formats/table.js";
import { nodeMachine } from "../../dist/platform/node/node-machine.js";
import { matchWeights } from "../../dist/tasks/classifier.js";

const folder = process.argv[2];
const data = process.env.FOVEA_DATA ?? new URL("../../../shared/data", import.meta.url).pathname;
const file = join(data, "weights/mini-xception-fer/fer2013_mini_XCEPTION.102-0.66.hdf5");

const saved = await readModelFile(alone(new Uint8Array(readFileSync(file))));
const model = buildModel(saved.description);
const { backend } = await chooseBackend("auto");
const session = new Session(backend, model, { loss: lossFor(7), optimizer: createOptimizer("SGD") });
session.weights = matchWeights(model, saved.weights);

const rule = preprocessingSchema.parse({
  height: 64,
  width: 64,
  colorMode: "grayscale",
  scale: 1 / 127.5,
  offset: -1,
});
const { samples } = await openSource(nodeMachine, join(data, "expressions-48"), {});
const faces = [];
const predictions = [];
for (const { path } of samples) {
  const face = await floatsOf(keepSmaller(await decodePhoto(nodeMachine, path), rule, nodeMachine));
  faces.push(Buffer.from(face.buffer));
  predictions.push([...(await session.predict(face))]);
}
writeFileSync(join(folder, "faces.f32"), Buffer.concat(faces));
writeFileSync(join(folder, "predictions.json"), JSON.stringify({ file, predictions }));
