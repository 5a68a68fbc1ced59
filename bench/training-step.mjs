/**
 * One training step of the report's network (256x256x3, two classes, Adam) against the same step in Keras.
 *   node bench/training-step.mjs [--runs 20] [--batch-size 32] [--backend auto] [--json]
 *
 * Both sides are started, warmed by three steps and then asked for one step each in turn, so that both meet the same
 * noise and neither works while the other is timed. A side prints {"ready": versions} once, then for each line that it
 * is sent {"seconds", "loss"}. The inputs lie ready in memory.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import {
  builtFile,
  countOption,
  machine,
  peerPython,
  printMachine,
  printTable,
  refuse,
  root,
  spread,
  written,
} from "./support.mjs";

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    "batch-size": { type: "string" },
    backend: { type: "string", default: "auto" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 20);
const batchSize = countOption(options["batch-size"], "batch-size", 32);
const python = peerPython();
builtFile("core/session.js");

const engine = await start("Fovea", process.execPath, [
  "bench/engine-step.mjs",
  String(batchSize),
  options.backend,
]);
const keras = await start("Keras", python, ["bench/keras_step.py", String(batchSize)]);
const seconds = { fovea: [], keras: [] };
for (let run = 0; run < runs; run++) {
  seconds.fovea.push((await engine.step()).seconds);
  seconds.keras.push((await keras.step()).seconds);
}
engine.stop();
keras.stop();
report();

/** Starts a side and waits until it is warm. */
async function start(name, program, [script, ...words]) {
  const child = spawn(program, [join(root, script), ...words], { stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => {
    complaints += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) refuse(`Expected ${name} to answer, found that it ended:\n${complaints}`);
    return JSON.parse(value);
  };
  const { ready } = await next();
  const step = () => {
    child.stdin.write("\n");
    return next();
  };
  return { ready, step, stop: () => child.stdin.end() };
}

function report() {
  const facts = { ...machine(), ...engine.ready, ...keras.ready };
  const [fovea, peer] = [spread(seconds.fovea), spread(seconds.keras)];
  const ratio = fovea.median / peer.median;
  if (options.json) {
    console.log(JSON.stringify({ facts, batchSize, runs, fovea, keras: peer, ratio, seconds }, null, 2));
    return;
  }
  printMachine(facts);
  console.log(
    `\nOne training step, batch ${batchSize}, ${runs} steps each in turn: median (least to most)\n`,
  );
  printTable([
    ["", "Fovea", "Keras", "Fovea / Keras"],
    ["step, s", written(fovea, 3), written(peer, 3), ratio.toFixed(2)],
    ["images a second", (batchSize / fovea.median).toFixed(1), (batchSize / peer.median).toFixed(1), ""],
  ]);
}
