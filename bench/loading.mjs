/**
 * A first pass over a folder of photos: from the files to what a model takes, decoded exactly and with `--decode fast`, against
 * tf.data (`image_dataset_from_directory`) and Pillow in processes, turn about.
 *   node bench/loading.mjs [--runs 5] [--threads n] [--data happy-sad] [--image-size 256] [--json]
 */
import { parseArgs } from "node:util";
import { startSide } from "./sides.mjs";
import {
  countOption,
  defaultThreads,
  machine,
  printMachine,
  printTable,
  saveResult,
  spread,
  warmPhotos,
  written,
} from "./support.mjs";

/** How many times the images/s of the fastest peer. */
const TARGETS = { exact: 1.2, fast: 2 };

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    threads: { type: "string" },
    data: { type: "string", default: "happy-sad" },
    "image-size": { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 5);
const threads = countOption(options.threads, "threads", defaultThreads);
const imageSize = countOption(options["image-size"], "image-size", 256);
const { folder, count } = warmPhotos(options.data);

const sides = [
  await startSide("Fovea, exact", "engine-loading.mjs", [threads, "exact"]),
  await startSide("Fovea, fast", "engine-loading.mjs", [threads, "fast"]),
  await startSide("tf.data", "tensorflow_loading.py", [threads]),
  await startSide("Pillow", "pillow_loading.py", [threads]),
];
const measured = await measure();
for (const side of sides) side.stop();
const [exact, fast, ...peers] = measured;
const best = peers.reduce((a, b) => (b.median < a.median ? b : a));
const ratios = { exact: best.median / exact.median, fast: best.median / fast.median };
const facts = { ...machine(), threads, ...Object.assign({}, ...sides.map((side) => side.ready)) };
const result = {
  facts,
  data: options.data,
  photos: count,
  imageSize,
  runs,
  targets: TARGETS,
  best: best.side,
  ratios,
  measured,
};
saveResult("loading", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

/** Turn about; a pass is too long to be warmed up by another each time. */
async function measure() {
  const samples = sides.map(() => []);
  for (const side of sides) await side.ask({ case: { folder, imageSize } });
  for (let run = 0; run < runs; run++) {
    for (const [i, side] of sides.entries()) {
      samples[i].push((await side.ask({ repeat: 1, warm: 0 })).seconds);
    }
  }
  return sides.map(({ name }, i) => ({ side: name, ...spread(samples[i]), samples: samples[i] }));
}

function report() {
  printMachine(facts);
  console.log(
    `\n${count} photos to ${imageSize}x${imageSize}, ${runs} runs each in turn: median (least to most)\n`,
  );
  printTable([
    ["", "s", "images/s"],
    ...measured.map((side) => [side.side, written(side, 2), (count / side.median).toFixed(0)]),
  ]);
  for (const [way, target] of Object.entries(TARGETS)) {
    const verdict = ratios[way] >= target ? "reached" : "missed";
    console.log(`${way} against ${best.side}: ${ratios[way].toFixed(2)} times, target ${target}: ${verdict}`);
  }
}
