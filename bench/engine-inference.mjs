/** Predictions of the report's network by Fovea's engine: see inference.mjs. argv: threads, backend. */
import { backendOf, built } from "./engine.mjs";
import { serve } from "./worker.mjs";

const backend = await backendOf(process.argv[3], Number(process.argv[2]));
const [{ buildModel, initialWeights }, { Session }, { reportNetwork }] = await Promise.all([
  built("core/model.js"),
  built("core/session.js"),
  built("core/networks/report.js"),
]);
const model = buildModel(reportNetwork([256, 256, 3], 1));

await serve({ backend: backend.description }, ({ batch }) => {
  const session = new Session(backend, model);
  session.weights = initialWeights(model, 1);
  const images = Float32Array.from({ length: batch * 256 * 256 * 3 }, () => Math.random());
  return { predict: { run: () => session.predict(images) } };
});
