// Begins training with each optimizer, saves it, goes on for five steps and keeps their losses, for going_on.check.py.
// With the names of files, goes on with the training that was saved in each and says the losses.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend } from "../../dist/backends/choose.js";
import { createLoss, lossFor } from "../../dist/core/losses.js";
import { buildModel, initialWeights } from "../../dist/core/model.js";
import { createOptimizer } from "../../dist/core/optimizers/table.js";
import { Session } from "../../dist/core/session.js";
import { alone } from "../../dist/formats/model-files.js";
import { modelFormats, readModelFile } from "../../dist/formats/table.js";
import { goingOn } from "../../dist/tasks/going-on.js";

const [, , folder, ...theirs] = process.argv;
const [BEFORE, AFTER, BATCH, SIDE] = [3, 5, 6, 8];
const { backend } = await chooseBackend("native");

/** A batch a step, which going_on.check.py computes too. */
function batch(outputs, step) {
  const pixels = BATCH * SIDE * SIDE * 3;
  const images = Float32Array.from({ length: pixels }, (_, i) => ((i + step * 8191) * 7919) % 256);
  const classes = Array.from({ length: BATCH }, (_, i) => (i * i + step) % Math.max(outputs, 2));
  const labels = classes.flatMap((truth) =>
    outputs === 1 ? [truth] : Array.from({ length: outputs }, (_, index) => Number(index === truth)),
  );
  return { images, labels: Float32Array.from(labels) };
}

async function train(session, { optimizer }, outputs, first, steps) {
  const losses = [];
  for (let step = first; step < first + steps; step++) {
    const given = { learningRate: optimizer.config.learningRate, random: new Uint32Array(4) };
    losses.push((await session.train({ ...batch(outputs, step), ...given })).loss);
  }
  return losses;
}

const layer = (className, name, config = {}) => ({ className, name, config });
const network = (outputs) => ({
  name: "begun",
  inputShape: [SIDE, SIDE, 3],
  layers: [
    layer("Rescaling", "rescaling", { scale: 1 / 255 }),
    layer("Conv2D", "conv2d", { filters: 4, kernelSize: [3, 3], useBias: false }),
    layer("BatchNormalization", "batch_normalization", { momentum: 0.9 }),
    layer("ReLU", "re_lu"),
    layer("MaxPooling2D", "max_pooling2d"),
    layer("Conv2D", "conv2d_1", { filters: 5, kernelSize: [2, 2], padding: "same", activation: "relu" }),
    layer("Flatten", "flatten"),
    layer("Dense", "dense", { units: 6, activation: "relu", trainable: false }),
    layer("Dense", "dense_1", { units: outputs, activation: outputs === 1 ? "sigmoid" : "softmax" }),
  ],
});

const optimizers = {
  adam: ["Adam", { learningRate: 0.01 }, 3],
  "adam-odd": ["Adam", { learningRate: 0.003, beta1: 0.8, beta2: 0.9, epsilon: 1e-4 }, 1],
  sgd: ["SGD", { learningRate: 0.05 }, 1],
  momentum: ["SGD", { learningRate: 0.02, momentum: 0.9 }, 3],
  nesterov: ["SGD", { learningRate: 0.02, momentum: 0.8, nesterov: true }, 3],
  smoothed: ["Adam", { learningRate: 0.01 }, 3, { labelSmoothing: 0.2 }],
};

async function begin(name) {
  const [className, config, outputs, settings] = optimizers[name];
  const model = buildModel(network(outputs));
  const loss = settings ? createLoss("categorical_crossentropy", settings) : lossFor(outputs);
  const compilation = { loss, optimizer: createOptimizer(className, config) };
  const session = new Session(backend, model, compilation);
  session.weights = initialWeights(model, 7);
  await train(session, compilation, outputs, 0, BEFORE);
  const saved = {
    description: model.description,
    weights: session.weights,
    optimizer: session.optimizer,
    compile: {
      loss: settings ? { className: "CategoricalCrossentropy", config: settings } : loss.name,
      optimizer: { className, config: compilation.optimizer.config },
      metrics: ["accuracy"],
    },
  };
  for (const format of modelFormats.filter((each) => ["keras", "h5"].includes(each.name))) {
    const { pieces } = await format.write(saved, {});
    writeFileSync(join(folder, name + format.extension), Buffer.concat(pieces));
  }
  return { outputs, losses: await train(session, compilation, outputs, BEFORE, AFTER) };
}

async function goOn(file) {
  const saved = await readModelFile(alone(readFileSync(join(folder, file))));
  const model = buildModel(saved.description);
  const { compilation, state } = goingOn(saved, model);
  const session = new Session(backend, model, compilation);
  session.weights = saved.weights.map(({ values }) => values);
  session.optimizer = state;
  return train(session, compilation, model.outputShape[0], BEFORE, AFTER);
}

const found = {};
if (theirs.length === 0) {
  for (const name of Object.keys(optimizers)) found[name] = await begin(name);
  writeFileSync(join(folder, "losses.json"), JSON.stringify(found));
} else {
  for (const file of theirs) found[file] = await goOn(file);
  process.stdout.write(JSON.stringify(found));
}
