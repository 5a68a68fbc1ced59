/** One training step of the report's network in Fovea's engine, timed on demand: see training-step.mjs for the protocol. */
import { createInterface } from "node:readline";
import { builtFile } from "./support.mjs";

const built = (path) => import(builtFile(path));
const [
  { chooseBackend },
  { buildModel, initialWeights },
  { Session },
  { reportNetwork },
  losses,
  optimizers,
] = await Promise.all([
  built("backends/choose.js"),
  built("core/model.js"),
  built("core/session.js"),
  built("core/networks/report.js"),
  built("core/losses.js"),
  built("core/optimizers/table.js"),
]);

const batchSize = Number(process.argv[2]);
const { backend } = await chooseBackend(process.argv[3]);
const model = buildModel(reportNetwork([256, 256, 3], 1));
const optimizer = optimizers.createOptimizer("Adam");
const session = new Session(backend, model, { loss: losses.lossFor(1), optimizer });
session.weights = initialWeights(model, 1);
const batch = {
  images: Float32Array.from({ length: batchSize * 256 * 256 * 3 }, () => Math.random()),
  labels: Float32Array.from({ length: batchSize }, (_, i) => i % 2),
  learningRate: optimizer.config.learningRate,
  random: new Uint32Array(4),
};

for (let warm = 0; warm < 3; warm++) await session.train(batch);
console.log(JSON.stringify({ ready: { backend: backend.description } }));
for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  const { loss } = await session.train(batch);
  console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, loss }));
}
