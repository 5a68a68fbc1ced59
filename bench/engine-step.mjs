/** One training step of the report's network in Fovea's engine: see training-step.mjs. argv: threads, backend. */
import { backendOf, built } from "./engine.mjs";
import { serve } from "./worker.mjs";

const backend = await backendOf(process.argv[3], Number(process.argv[2]));
const [{ buildModel, initialWeights }, { Session }, { reportNetwork }, losses, optimizers] =
  await Promise.all([
    built("core/model.js"),
    built("core/session.js"),
    built("core/networks/report.js"),
    built("core/losses.js"),
    built("core/optimizers/table.js"),
  ]);

const model = buildModel(reportNetwork([256, 256, 3], 1));
const optimizer = optimizers.createOptimizer("Adam");

function trainingStep(batchSize) {
  const session = new Session(backend, model, { loss: losses.lossFor(1), optimizer });
  session.weights = initialWeights(model, 1);
  const batch = {
    images: Float32Array.from({ length: batchSize * 256 * 256 * 3 }, () => Math.random()),
    labels: Float32Array.from({ length: batchSize }, (_, i) => i % 2),
    learningRate: optimizer.config.learningRate,
    random: new Uint32Array(4),
  };
  return { run: () => session.train(batch) };
}

await serve({ backend: backend.description }, ({ batch }) => ({ train: trainingStep(batch) }));
