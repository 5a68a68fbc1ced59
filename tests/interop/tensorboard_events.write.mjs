// Writes two epochs of events into the folder that is given, as the run folder has them, and beside them the graph of a model that
// branches and the events of a run with all that can be asked for.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildModel } from "../../dist/core/model.js";
import {
  eventFileName,
  writeGraph,
  writeSummary,
  writeVersion,
} from "../../dist/formats/tensorboard/events.js";
import { graphDef } from "../../dist/formats/tensorboard/graph-def.js";
import { modelSummary, scalarSummary } from "../../dist/formats/tensorboard/summaries.js";
import { epochScalars, evaluationScalars } from "../../dist/formats/tensorboard/tags.js";
import { train } from "../../dist/index.js";
import { drawFaces } from "../../dist/platform/node/draw.js";

const folder = process.argv[2];
const start = 1_700_000_000.25;
const epochs = [
  { accuracy: 0.5, loss: 0.7, val_accuracy: 0.25, val_loss: 0.8, learning_rate: 0.001 },
  { accuracy: 0.75, loss: 0.1, val_accuracy: 1, val_loss: Number.NaN, learning_rate: 0.0005 },
];

const records = { train: [writeVersion(start)], validation: [writeVersion(start)] };
epochs.forEach((logs, epoch) => {
  const wallTime = start + epoch + 1;
  const add = (part, scalars, step) => {
    for (const { tag, value } of scalars)
      records[part].push(writeSummary(scalarSummary(tag, value), step, wallTime));
  };
  add("validation", evaluationScalars({ accuracy: logs.val_accuracy, loss: logs.val_loss }), 5 * (epoch + 1));
  const { train: trained, validation } = epochScalars(logs);
  add("train", trained, epoch);
  add("validation", validation, epoch);
});
Object.entries(records).forEach(([part, parts], i) => {
  mkdirSync(join(folder, "scalars", part), { recursive: true });
  writeFileSync(join(folder, "scalars", part, eventFileName(start, "host", 1, i)), Buffer.concat(parts));
});

const residual = buildModel({
  name: "residual",
  inputShape: [17, 19, 3],
  inputName: "photo",
  layers: [
    { className: "Conv2D", name: "first", config: { filters: 4, kernelSize: 3, padding: "same" } },
    { className: "BatchNormalization", name: "norm", config: {} },
    { className: "Add", name: "sum", config: {}, inputs: ["first", "norm"] },
    { className: "Conv2D", name: "aside", config: { filters: 4, kernelSize: 1 }, inputs: ["photo"] },
    { className: "Add", name: "end", config: {}, inputs: ["sum", "aside"] },
    { className: "GlobalAveragePooling2D", name: "pool", config: {} },
    { className: "Dense", name: "classes", config: { units: 3, activation: "softmax" } },
  ],
});
mkdirSync(join(folder, "residual"));
writeFileSync(
  join(folder, "residual", eventFileName(start, "host", 1, 2)),
  Buffer.concat([
    writeVersion(start),
    writeGraph(graphDef(residual), start),
    writeSummary(modelSummary(residual), 0, start),
  ]),
);

const photos = join(folder, "photos");
await drawFaces(photos, { count: 60, size: 40, seed: 3 });
const options = { imageSize: 32, batchSize: 16, epochs: 3, augment: "light" };
const asked = { updateFreq: "2", histogramFreq: 1, imageFreq: 1 };
await train({ data: photos, out: join(folder, "run"), ...options, ...asked });
