// Trains a run on drawn faces, as a user would, and keeps the prepared photos and an export to ONNX for trained_run.check.py.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { floatsOf, keepSmaller } from "../../dist/data/prepare.js";
import { preprocessingSchema } from "../../dist/data/preprocessing.js";
import { decodePhoto } from "../../dist/data/read-photo.js";
import { exportModel, predict, train } from "../../dist/index.js";
import { drawFaces } from "../../dist/platform/node/draw.js";
import { nodeMachine } from "../../dist/platform/node/node-machine.js";

const folder = process.argv[2];
const photos = join(folder, "photos");
const imageSize = 96;

await drawFaces(photos, { count: 60, seed: 5 });
const { folder: run } = await train({ data: photos, out: join(folder, "run"), imageSize, epochs: 3 });
const { predictions } = await predict({ model: run, photos: [photos] });
const answered = predictions.filter((prediction) => "class" in prediction);
const preprocessing = preprocessingSchema.parse({ height: imageSize, width: imageSize });
const prepared = [];
for (const { photo } of answered) {
  const decoded = await decodePhoto(nodeMachine, photo, preprocessing);
  const pixels = floatsOf(keepSmaller(decoded, preprocessing, nodeMachine));
  prepared.push(Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength));
}
writeFileSync(join(folder, "photos.float32"), Buffer.concat(prepared));
writeFileSync(join(folder, "predictions.json"), JSON.stringify({ imageSize, answered }));
await exportModel({ model: run, out: join(folder, "photos.onnx"), withPreprocessing: true });
