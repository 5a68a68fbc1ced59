/**
 * Single kernels on the shapes of kernel-cases.mjs against TensorFlow's raw operations and PyTorch's, turn about for each.
 *   node bench/kernels.mjs [--only <text>]… [--runs 10] [--threads n] [--backend auto] [--resume] [--json]
 *
 * Targets: no slower than the faster peer; where compute binds 60 % of the measured FMA peak, where memory binds 70 % of
 * the measured bandwidth. What took less than the bandwidth allows lay in a cache. With --resume the cases in
 * build/bench/kernels.json are kept, so that the whole table can be made in slices; --seconds ends a slice.
 */
import { parseArgs } from "node:util";
import { backendOf, limitsOf } from "./engine.mjs";
import { kernelCases, kernelCost } from "./kernel-cases.mjs";
import { compareCase, startSide } from "./sides.mjs";
import {
  countOption,
  defaultThreads,
  machine,
  printMachine,
  printTable,
  readResult,
  refuse,
  saveResult,
} from "./support.mjs";

/** Neither of the peers here spins for longer, and there are many cases. */
const REST_MS = 25;
const OF_PEAK = 0.6;
const OF_BANDWIDTH = 0.7;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    runs: { type: "string" },
    threads: { type: "string" },
    backend: { type: "string", default: "auto" },
    seconds: { type: "string" },
    resume: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 10);
const threads = countOption(options.threads, "threads", defaultThreads);
const seconds = countOption(options.seconds, "seconds", 86_400);
const wanted = kernelCases().filter(
  ({ name }) => options.only.length === 0 || options.only.some((text) => name.includes(text)),
);
if (wanted.length === 0)
  refuse(`Expected --only to be part of a case's name, found "${options.only}" in none`);

const started = performance.now();
const known = (options.resume && readResult("kernels")) || { cases: [] };
const done = new Map(known.cases.map((one) => [one.name, one]));
const left = wanted.filter(({ name }) => !done.has(name));
const limits = await limitsOf(await backendOf(options.backend, threads));
const sides = [
  await startSide("Fovea", "engine-kernels.mjs", [threads, options.backend]),
  await startSide("TensorFlow", "tensorflow_kernels.py", [threads]),
  await startSide("PyTorch", "torch_kernels.py", [threads]),
];
for (const one of left) {
  if ((performance.now() - started) / 1000 > seconds) break;
  const cost = kernelCost(one);
  const figures = await compareCase(sides, { ...one, ...cost }, runs, REST_MS);
  done.set(one.name, judged(one, cost, figures, limits));
  if (!options.json) console.error(one.name);
}
for (const side of sides) side.stop();
const cases = wanted.filter(({ name }) => done.has(name)).map(({ name }) => done.get(name));
const facts = { ...machine(), threads, ...Object.assign({}, ...sides.map((side) => side.ready)) };
const result = { facts, runs, limits, left: wanted.length - cases.length, cases };
saveResult("kernels", { ...result, cases: [...done.values()] });
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

/** Each case keeps the limits that were measured just before it. */
function judged(one, { flops, bytes }, [fovea, ...peers], { flops: peak, bandwidth }) {
  const best = peers.reduce((a, b) => (b.median < a.median ? b : a));
  const binds = flops / peak > bytes / bandwidth ? "compute" : "memory";
  const ofLimit = Math.max(flops / peak, bytes / bandwidth) / fovea.median;
  return {
    name: one.name,
    binds,
    flops,
    bytes,
    peak,
    bandwidth,
    fovea,
    peers,
    best: best.side,
    ratio: fovea.median / best.median,
    ofLimit,
    peerReached: fovea.median <= best.median,
    limitReached: ofLimit >= (binds === "compute" ? OF_PEAK : OF_BANDWIDTH),
  };
}

function report() {
  printMachine(facts);
  const giga = (value) => (value / 1e9).toFixed(1);
  console.log(`multiply-adds: ${giga(limits.flops)} GFLOP/s\nmemory: ${giga(limits.bandwidth)} GB/s\n`);
  const ms = ({ median }) => (1000 * median).toFixed(3);
  printTable([
    ["ms, median", "Fovea", "TensorFlow", "PyTorch", "ratio", "GFLOP/s", "GB/s", "limit", "peer", "binds"],
    ...cases.map((one) => [
      one.name,
      ms(one.fovea),
      ...one.peers.map(ms),
      one.ratio.toFixed(2),
      giga(one.flops / one.fovea.median),
      giga(one.bytes / one.fovea.median),
      `${Math.round(100 * one.ofLimit)}%${one.limitReached ? "" : " missed"}`,
      one.peerReached ? "reached" : "missed",
      one.binds,
    ]),
  ]);
  const reached = (key) => `${cases.filter((one) => one[key]).length} of ${cases.length}`;
  console.log(`\nno slower than the best peer: ${reached("peerReached")}; limit: ${reached("limitReached")}`);
  if (result.left > 0) console.log(`${result.left} cases are left; go on with --resume`);
}
