// Writes two epochs of events into the folder that is given, as the run folder has them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { epochScalars, evaluationScalars } from "../../dist/formats/tensorboard.js";
import { eventFileName, writeScalar, writeVersion } from "../../dist/formats/tfevents.js";

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
    for (const { tag, value } of scalars) records[part].push(writeScalar(tag, value, step, wallTime));
  };
  add("validation", evaluationScalars({ accuracy: logs.val_accuracy, loss: logs.val_loss }), 5 * (epoch + 1));
  const { train, validation } = epochScalars(logs);
  add("train", train, epoch);
  add("validation", validation, epoch);
});

Object.entries(records).forEach(([part, parts], i) => {
  mkdirSync(join(folder, part));
  writeFileSync(join(folder, part, eventFileName(start, "host", 1, i)), Buffer.concat(parts));
});
