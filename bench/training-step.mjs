/**
 * One training step of the report's network (256x256x3, two classes, Adam) against Keras and PyTorch; the inputs lie ready
 * in memory.
 *   node bench/training-step.mjs [--runs 15] [--batch-size 32] [--threads n] [--backend auto] [--json]
 *
 * PyTorch runs in the faster of its two memory formats. Where there are several threads, Fovea on one is a side too. The
 * FMA peak is measured in the same run; FLOPs are nominal: every product of the convolutions and dense layers, forward
 * and backward, zeros included.
 */
import { parseArgs } from "node:util";
import { backendOf, built, limitsOf } from "./engine.mjs";
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

const TARGETS = { ratio: 0.4, ofPeak: 0.55, speedup: 1.8 };

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    "batch-size": { type: "string" },
    threads: { type: "string" },
    backend: { type: "string", default: "auto" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 15);
const batch = countOption(options["batch-size"], "batch-size", 32);
const threads = countOption(options.threads, "threads", defaultThreads);
const { backend: backendName } = options;

const flops = await nominalFlops(batch);
const backend = await backendOf(backendName, threads);
const before = await limitsOf(backend);
const sides = [
  await startSide("Fovea", "engine-step.mjs", [threads, backendName]),
  await startSide("Keras", "keras_step.py", [threads]),
  await startSide("PyTorch", "torch_step.py", [threads]),
];
if (threads > 1) sides.push(await startSide("Fovea, 1 thread", "engine-step.mjs", [1, backendName]));
const [fovea, keras, torch, alone] = await compareCase(sides, { batch }, runs);
for (const side of sides) side.stop();
const after = await limitsOf(backend);

const peak = Math.max(before.flops, after.flops);
const best = keras.median <= torch.median ? keras : torch;
const result = {
  facts: { ...machine(), threads, ...Object.assign({}, ...sides.slice(0, 3).map((side) => side.ready)) },
  backend: backend.name,
  batch,
  runs,
  flops,
  peak,
  sides: [fovea, keras, torch, ...(alone ? [alone] : [])],
  best: best.side,
  ratio: fovea.median / best.median,
  ofPeak: flops / fovea.median / peak,
  ...(alone && { speedup: alone.median / fovea.median }),
  targets: TARGETS,
};
saveResult(backend.name === "wasm" ? "training-step-wasm" : "training-step", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

/** Of the program as it is before fusion. */
async function nominalFlops(batchSize) {
  const [{ costOf }, { buildModel }, { trainingProgram }, { reportNetwork }, losses, optimizers] =
    await Promise.all([
      built("core/cost.js"),
      built("core/model.js"),
      built("core/programs.js"),
      built("core/networks/report.js"),
      built("core/losses.js"),
      built("core/optimizers/table.js"),
    ]);
  const model = buildModel(reportNetwork([256, 256, 3], 1));
  const optimizer = optimizers.createOptimizer("Adam");
  const { nodes } = trainingProgram(model, losses.lossFor(1), optimizer, { batchSize, fused: false });
  return nodes
    .filter(({ operation }) => /^(?:conv2d|matmul)/.test(operation))
    .reduce((sum, node) => sum + costOf(node).flops, 0);
}

function report() {
  printMachine(result.facts);
  console.log(`\nOne training step, batch ${batch}, ${runs} each in turn: median (least to most)\n`);
  const share = (value) => `${(100 * value).toFixed(1)} %`;
  printTable([
    ["", "step, s", "images/s", "GFLOP/s", "of the FMA peak", "way"],
    ...result.sides.map((side) => [
      side.side,
      written(side, 3),
      (batch / side.median).toFixed(0),
      (flops / side.median / 1e9).toFixed(0),
      share(flops / side.median / peak),
      side.way,
    ]),
  ]);
  const verdict = (reached) => (reached ? "reached" : "missed");
  console.log(`\n${(flops / 1e9).toFixed(1)} GFLOP a step; FMA peak ${(peak / 1e9).toFixed(0)} GFLOP/s`);
  console.log(
    `Fovea / ${best.side}: ${result.ratio.toFixed(2)}, target ${TARGETS.ratio}: ${verdict(result.ratio <= TARGETS.ratio)}`,
  );
  console.log(
    `of the FMA peak: ${share(result.ofPeak)}, target ${share(TARGETS.ofPeak)}: ${verdict(result.ofPeak >= TARGETS.ofPeak)}`,
  );
  if (!alone) return;
  console.log(
    `${threads} threads against 1: ${result.speedup.toFixed(2)} times, target ${TARGETS.speedup} for 2: ${verdict(result.speedup >= TARGETS.speedup)}`,
  );
}
