/** A pass over a folder of photos by Fovea: see loading.mjs. argv: threads, how JPEG is decoded. */
import { built } from "./engine.mjs";
import { serve } from "./worker.mjs";

const [{ openSource }, { loadSamples }, { ruleFor }, { parseTrainOptions }, { nodeMachine }] =
  await Promise.all([
    built("data/source.js"),
    built("data/load.js"),
    built("tasks/rule-for.js"),
    built("tasks/train-options.js"),
    built("platform/node/node-machine.js"),
  ]);
const [threads, decode] = process.argv.slice(2);

await serve({}, ({ folder, imageSize }) => {
  const rule = ruleFor(parseTrainOptions({ imageSize, decode }));
  const target = new Float32Array(imageSize * imageSize * 3);
  const run = async () => {
    const { samples } = await openSource(nodeMachine, folder, {});
    const { loaded } = await loadSamples(nodeMachine, samples, rule, {
      concurrency: Number(threads) + 1, // as by default
    });
    for (const { image } of loaded) (await image.fetch()).copyTo(target); // some are kept small, and are resized when they are asked for
  };
  return { loadSamples: { run } };
});
