/**
 * How long is the event loop blocked while a run goes on? The longest delay in each phase of the report job, by the library, from the
 * first event of a run to its end.
 *   node bench/event-loop.mjs [--runs 3] [--epochs 20] [--data happy-sad]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  builtFile,
  countOption,
  machine,
  printMachine,
  printTable,
  refuse,
  saveResult,
  warmPhotos,
} from "./support.mjs";

const TARGET_MS = 50;

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    epochs: { type: "string" },
    data: { type: "string", default: "happy-sad" },
    once: { type: "boolean", default: false },
  },
});
const epochs = countOption(options.epochs, "epochs", 20);
if (options.once) console.log(JSON.stringify(await measureRun()));
else report(countOption(options.runs, "runs", 3));

/** A process for each run: what one has loaded would be there for the next. */
function report(runs) {
  warmPhotos(options.data);
  const measured = Array.from({ length: runs }, () => {
    const words = ["--once", "--epochs", String(epochs), "--data", options.data];
    const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...words], { encoding: "utf8" });
    if (run.status !== 0)
      refuse(`Expected the run to finish, found exit status ${run.status}:\n${run.stderr}`);
    return JSON.parse(run.stdout);
  });
  const longest = Math.max(...measured.flatMap((phases) => phases.map((phase) => phase.longest)));
  const facts = machine();
  saveResult("event-loop", { facts, runs, epochs, target: TARGET_MS, longest, measured });
  printMachine(facts);
  console.log(`\nLongest delays of the event loop in ${runs} runs of ${epochs} epochs, ms\n`);
  printTable([
    ["phase", ...measured.map((_, run) => `run ${run + 1}`), "takes, s"],
    ...measured[0].map(({ name, seconds }, index) => [
      name,
      ...measured.map((phases) => phases[index].longest.toFixed(0)),
      seconds.toFixed(2),
    ]),
  ]);
  const verdict = longest <= TARGET_MS ? "reached" : "missed";
  console.log(`\nnever longer than ${TARGET_MS} ms: ${longest.toFixed(0)}, ${verdict}`);
}

/** Phases in their order, each with its longest delay in ms and what it took in s. */
async function measureRun() {
  const { train } = await import(builtFile("index.js"));
  const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const phases = new Map();
  let began;
  const endPhase = (name) => {
    const now = performance.now();
    const { longest = 0, seconds = 0 } = phases.get(name) ?? {};
    phases.set(name, {
      name,
      longest: Math.max(longest, delay.max / 1e6),
      seconds: seconds + (now - began) / 1000,
    });
    delay.reset();
    began = now;
  };
  const observe = ({ type }) => {
    if (began === undefined) {
      began = performance.now();
      delay.enable();
    }
    if (type === "loaded") endPhase("read photos");
    if (type === "started") endPhase("weights, contact sheet");
    if (type === "epoch") endPhase("train, validate, save");
  };
  const { folder } = warmPhotos(options.data);
  try {
    await train({ data: folder, out: join(home, "run"), seed: 1, epochs, observe });
    endPhase("judge, draw");
  } finally {
    delay.disable();
    rmSync(home, { recursive: true });
  }
  return [...phases.values()];
}
