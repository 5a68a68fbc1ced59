/**
 * One training step of the report's network (batch 32) in WebAssembly: in Node and in Chromium, turn about, on as many threads. Chromium
 * is a side twice: with the very file that Node runs, and with relaxed SIMD, which it takes by itself and Node 20 lacks.
 *   node bench/browser-step.mjs [--runs 10] [--batch-size 32] [--threads n] [--json]
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

const TARGET = 1.15;

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    "batch-size": { type: "string" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 10);
const batch = countOption(options["batch-size"], "batch-size", 32);
const threads = countOption(options.threads, "threads", defaultThreads);

const started = [
  await startSide("Node", "engine-step.mjs", [threads, "wasm"]),
  await startSide("Chromium, same file", "chromium-step.mjs", [threads, "simd"]),
  await startSide("Chromium, its best", "chromium-step.mjs", [threads, "relaxed"]),
];
const sides = await compareCase(started, { batch }, runs);
for (const side of started) side.stop();
const [node, same, best] = sides;
const result = {
  facts: {
    ...machine(),
    threads,
    chromium: started[1].ready.chromium,
    backends: started.map(({ ready }) => ready.backend).join(" / "),
  },
  batch,
  runs,
  sides,
  target: TARGET,
  ratios: { same: same.median / node.median, best: best.median / node.median },
};
saveResult("browser-step", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

function report() {
  printMachine(result.facts);
  console.log(`\nA training step in WebAssembly, batch ${batch}, ${runs} runs each in turn, s\n`);
  printTable([
    ["", "seconds", "to Node"],
    ...sides.map((side) => [side.side, written(side, 3), (side.median / node.median).toFixed(2)]),
  ]);
  const verdict = result.ratios.same <= TARGET ? "reached" : "missed";
  console.log(`\nwithin 15 % of Node: ${verdict}`);
}
