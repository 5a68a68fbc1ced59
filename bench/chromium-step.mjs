/** One training step of the report's network in Chromium, timed in the page: see browser-step.mjs. argv: threads, relaxed or simd. */
import { openPage } from "./chromium-page.mjs";
import { serve } from "./worker.mjs";

const [threads, instructions] = process.argv.slice(2);
const { page, version, close } = await openPage();

/** As text: it is no code of this file's world. */
const prepare = (batch) => `(async () => {
  const { buildModel, createOptimizer, initialWeights, loadWasmBackend, lossFor, reportNetwork, Session } =
    await import("fovea/browser");
  const backend = await loadWasmBackend({ threads: ${threads}, relaxed: ${instructions === "relaxed"} });
  const model = buildModel(reportNetwork([256, 256, 3], 1));
  const optimizer = createOptimizer("Adam");
  const session = new Session(backend, model, { loss: lossFor(1), optimizer });
  session.weights = initialWeights(model, 1);
  const step = {
    images: Float32Array.from({ length: ${batch} * 256 * 256 * 3 }, () => Math.random()),
    labels: Float32Array.from({ length: ${batch} }, (_, i) => i % 2),
    learningRate: optimizer.config.learningRate,
    random: new Uint32Array(4),
  };
  globalThis.step = () => session.train(step);
  if (!backend.shared) throw new Error(backend.notice);
  return backend.description;
})()`;

const backend = await page.evaluate(prepare(1));
await serve({ chromium: version, backend }, async ({ batch }) => {
  await page.evaluate(prepare(batch));
  return { train: { run: () => page.evaluate("step().then(() => 0)") } };
});
await close();
