// What the models of transfer_learning.make.py say here, for transfer_learning.check.py.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "../../dist/backends/choose.js";
import { buildModel } from "../../dist/core/model.js";
import { Session } from "../../dist/core/session.js";
import { alone } from "../../dist/formats/model-files.js";
import { readModelFile } from "../../dist/formats/table.js";
import { matchWeights } from "../../dist/tasks/classifier.js";

const folder = process.argv[2];
const images = new Float32Array(new Uint8Array(readFileSync(join(folder, "images.f32"))).buffer);
const { backend } = await chooseBackend("auto");

const answers = {};
for (const name of Object.keys(JSON.parse(readFileSync(join(folder, "keras.json"), "utf8")))) {
  const saved = await readModelFile(alone(new Uint8Array(readFileSync(join(folder, name)))));
  const model = buildModel(saved.description);
  const session = new Session(backend, model);
  session.weights = matchWeights(model, saved.weights);
  answers[name] = [...(await session.predict(images))];
}
writeFileSync(join(folder, "fovea.json"), JSON.stringify(answers));
