// Exports a run with the way from a photo to its input as layers, for each rule that Keras's layers can follow; photo_layers.check.py
// has Keras predict from the photos themselves.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { preprocessingSchema } from "../../dist/data/preprocessing.js";
import { writeKerasArchive } from "../../dist/formats/keras/archive.js";
import { readKerasH5, writeKerasH5 } from "../../dist/formats/keras/h5.js";
import { predict, train } from "../../dist/index.js";
import { drawFaces } from "../../dist/platform/node/draw.js";
import { nodeMachine } from "../../dist/platform/node/node-machine.js";

const folder = process.argv[2];
const faces = join(folder, "faces");
const photos = join(folder, "photos");
const imageSize = 48;

await drawFaces(faces, { count: 30, seed: 5, size: 128 });
const { folder: run } = await train({ data: faces, out: join(folder, "run"), imageSize, epochs: 3 });
const saved = await readKerasH5(new Uint8Array(readFileSync(join(run, "model.h5"))));

// higher than wide, wider than high, smaller than the model's input, and sides that no side of it divides
const cuts = [
  [128, 128],
  [61, 128],
  [128, 37],
  [33, 29],
  [47, 49],
  [96, 48],
  [101, 103],
];
mkdirSync(photos);
const { predictions } = await predict({ model: run, photos: [faces] });
for (const [i, [width, height]] of cuts.entries()) {
  const image = await nodeMachine.decode(new Uint8Array(readFileSync(predictions[i].photo)));
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    pixels.set(image.pixels.subarray(y * image.width * 3, (y * image.width + width) * 3), y * width * 3);
  }
  const path = join(photos, `${i}.jpg`);
  writeFileSync(path, await nodeMachine.encodeJpeg({ width, height, pixels }));
  writeFileSync(
    join(photos, `${i}.raw`),
    (await nodeMachine.decode(new Uint8Array(readFileSync(path)))).pixels,
  );
}

const rules = [
  {},
  { resize: "crop" },
  ...["nearest", "bicubic", "area", "lanczos3", "lanczos5"].map((interpolation) => ({ interpolation })),
  { resize: "crop", interpolation: "bicubic", scale: 1 / 127.5, offset: -1 },
  { antialias: true },
  { antialias: true, interpolation: "lanczos3", resize: "crop" },
];
const files = [];
for (const [i, rule] of rules.entries()) {
  const preprocessing = preprocessingSchema.parse({ height: imageSize, width: imageSize, ...rule });
  const model = { ...saved, preprocessing };
  const written = [[`${i}.keras`, [await writeKerasArchive(model, preprocessing)]]];
  if (!rule.antialias) written.push([`${i}.h5`, writeKerasH5(model, preprocessing)]);
  for (const [file, pieces] of written) {
    writeFileSync(join(folder, file), Buffer.concat(pieces));
    const { predictions } = await predict({
      model: join(folder, file),
      photos: cuts.map((_, i) => join(photos, `${i}.jpg`)),
    });
    files.push({ file, rule, predictions: predictions.map(({ probabilities }) => probabilities.sad) });
  }
}
writeFileSync(join(folder, "record.json"), JSON.stringify({ sizes: cuts, files }));
