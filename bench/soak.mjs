/**
 * Does memory grow? Trains and judges in turn, step after step, and prints what the process holds at marks.
 *   node bench/soak.mjs [--steps 10000] [--backend auto]
 */
import { parseArgs } from "node:util";
import { builtFile, countOption, printTable } from "./support.mjs";

const { values: options } = parseArgs({
  options: { steps: { type: "string" }, backend: { type: "string", default: "auto" } },
});
const steps = countOption(options.steps, "steps", 10_000);
const MARKS = 10;
const BATCH_SIZE = 8;
const SIDE = 64;

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

const { backend } = await chooseBackend(options.backend);
const model = buildModel(reportNetwork([SIDE, SIDE, 3], 1));
const optimizer = optimizers.createOptimizer("Adam");
const session = new Session(backend, model, { loss: losses.lossFor(1), optimizer });
session.weights = initialWeights(model, 1);
const images = Float32Array.from(
  { length: BATCH_SIZE * SIDE * SIDE * 3 },
  (_, i) => ((i * 7919) % 256) / 255,
);
const labels = Float32Array.from({ length: BATCH_SIZE }, (_, i) => i % 2);
const half = { images: images.subarray(0, images.length / 2), labels: labels.subarray(0, BATCH_SIZE / 2) };

console.log(
  `${backend.description}; ${steps} steps of training and judging, ${BATCH_SIZE} images of ${SIDE}x${SIDE}\n`,
);
const { collectGarbage } = await built("platform/node/collect.js");
const rows = [["steps", "resident, MB", "heap used, MB", "outside of it, MB"]];
for (let step = 0; step <= steps; step++) {
  if (step % Math.ceil(steps / MARKS) === 0) rows.push([step, ...held()]);
  const batch = step % 5 === 4 ? half : { images, labels }; // the last batch of an epoch is smaller
  const random = Uint32Array.of(1, 2, step, 0);
  await session.train({ ...batch, learningRate: optimizer.config.learningRate, random });
  await session.evaluate(batch.images, batch.labels);
}
printTable(rows);

/** After garbage has been collected: what is left is held by somebody. */
function held() {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return [rss, heapUsed, external].map((bytes) => (bytes / 1e6).toFixed(1));
}
