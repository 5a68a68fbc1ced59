/**
 * Predictions of the report's network, 1 and 32 images at once, against Keras, PyTorch and ONNX Runtime, each in the fastest
 * of its ways; the images lie ready in memory.
 *   node bench/inference.mjs [--runs 20] [--threads n] [--backend auto] [--json]
 */
import { parseArgs } from "node:util";
import { compareCase, startSide } from "./sides.mjs";
import {
  countOption,
  defaultThreads,
  machine,
  printMachine,
  printTable,
  saveResult,
  written,
} from "./support.mjs";

const TARGET = 0.5;
const BATCHES = [1, 32];

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    threads: { type: "string" },
    backend: { type: "string", default: "auto" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 20);
const threads = countOption(options.threads, "threads", defaultThreads);

const sides = [
  await startSide("Fovea", "engine-inference.mjs", [threads, options.backend]),
  await startSide("Keras", "keras_inference.py", [threads]),
  await startSide("PyTorch", "torch_inference.py", [threads]),
  await startSide("ONNX Runtime", "onnx_inference.py", [threads]),
];
const cases = [];
for (const batch of BATCHES) {
  const [fovea, ...peers] = await compareCase(sides, { batch }, runs);
  const best = peers.reduce((a, b) => (b.median < a.median ? b : a));
  cases.push({ batch, fovea, peers, best: best.side, ratio: fovea.median / best.median });
}
for (const side of sides) side.stop();
const facts = { ...machine(), threads, ...Object.assign({}, ...sides.map((side) => side.ready)) };
const result = { facts, runs, target: TARGET, cases };
saveResult("inference", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

function report() {
  printMachine(facts);
  for (const { batch, fovea, peers, best, ratio } of cases) {
    console.log(`\n${batch} at once, ${runs} runs each in turn: median (least to most)\n`);
    const milliseconds = (side) =>
      written({ median: 1000 * side.median, min: 1000 * side.min, max: 1000 * side.max }, 2);
    printTable([
      ["", "ms", "images/s", "way"],
      ...[fovea, ...peers].map((side) => [
        side.side,
        milliseconds(side),
        (batch / side.median).toFixed(0),
        side.way,
      ]),
    ]);
    const verdict = ratio <= TARGET ? "reached" : "missed";
    console.log(`\nFovea / ${best}: ${ratio.toFixed(2)}, target ${TARGET}: ${verdict}`);
  }
}
