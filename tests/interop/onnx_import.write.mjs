// Writes real photos as Fovea prepares them; with a second argument, what Fovea predicts for them by every .onnx in the folder.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "../../dist/backends/choose.js";
import { buildModel } from "../../dist/core/model.js";
import { Session } from "../../dist/core/session.js";
import { floatsOf, keepSmaller } from "../../dist/data/prepare.js";
import { preprocessingSchema } from "../../dist/data/preprocessing.js";
import { decodePhoto } from "../../dist/data/read-photo.js";
import { alone } from "../../dist/formats/model-files.js";
import { readModelFile } from "../../dist/formats/table.js";
import { nodeMachine } from "../../dist/platform/node/node-machine.js";
import { matchWeights } from "../../dist/tasks/classifier.js";

const [, , folder, theirs] = process.argv;
const data = process.env.FOVEA_DATA ?? new URL("../../../shared/data", import.meta.url).pathname;
const [SIDE, PHOTOS] = [64, 8];
const at = (name) => join(folder, name);

if (theirs === undefined) await preparePhotos();
else await predictAll();

async function preparePhotos() {
  const rule = preprocessingSchema.parse({ height: SIDE, width: SIDE });
  const photos = ["happy", "sad"].flatMap((name) => {
    const folderOf = join(data, "happy-sad", name);
    const names = readdirSync(folderOf)
      .sort()
      .slice(0, PHOTOS / 2);
    return names.map((photo) => join(folderOf, photo));
  });
  const images = [];
  for (const photo of photos)
    images.push(...(await floatsOf(keepSmaller(await decodePhoto(nodeMachine, photo), rule, nodeMachine))));
  writeFileSync(at("photos.json"), JSON.stringify({ shape: [PHOTOS, SIDE, SIDE, 3], images }));
}

async function predictAll() {
  const { images } = JSON.parse(readFileSync(at("photos.json"), "utf8"));
  const { backend } = await chooseBackend("auto");
  const predictions = {};
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".onnx"))) {
    const saved = await readModelFile(alone(new Uint8Array(readFileSync(at(name)))), { imageSize: SIDE });
    const model = buildModel(saved.description);
    const session = new Session(backend, model);
    session.weights = matchWeights(model, saved.weights);
    predictions[name] = [...(await session.predict(Float32Array.from(images)))];
  }
  writeFileSync(at("predictions.json"), JSON.stringify(predictions));
}
