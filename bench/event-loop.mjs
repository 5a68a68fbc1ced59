/**
 * How long is the event loop blocked while a run goes on? The longest delay in each phase of the report job, by the library and by the
 * bundled command, from the first event of a run to its end.
 *   node bench/event-loop.mjs [--runs 3] [--epochs 20] [--data happy-sad]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  builtFile,
  countOption,
  machine,
  printMachine,
  printTable,
  refuse,
  root,
  saveResult,
  warmPhotos,
} from "./support.mjs";

const { watchPhases } = createRequire(import.meta.url)("./loop-delay.cjs");

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
  const ways = { library: measureLibrary, command: measureCommand };
  const measured = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  for (let run = 0; run < runs; run++)
    for (const [way, measure] of Object.entries(ways)) measured[way].push(measure());
  const longest = Math.max(
    ...Object.values(measured)
      .flat(2)
      .map((phase) => phase.longest),
  );
  const facts = machine();
  saveResult("event-loop", { facts, runs, epochs, target: TARGET_MS, longest, measured });
  printMachine(facts);
  for (const [face, phasesOfRuns] of Object.entries(measured)) {
    console.log(
      `\nLongest delays of the event loop in ${runs} runs of ${epochs} epochs by the ${face}, ms\n`,
    );
    printPhases(phasesOfRuns);
  }
  const verdict = longest <= TARGET_MS ? "reached" : "missed";
  console.log(`\nnever longer than ${TARGET_MS} ms: ${longest.toFixed(0)}, ${verdict}`);
}

function printPhases(measured) {
  printTable([
    ["phase", ...measured.map((_, run) => `run ${run + 1}`), "takes, s"],
    ...measured[0].map(({ name, seconds }, index) => [
      name,
      ...measured.map((phases) => phases[index].longest.toFixed(0)),
      seconds.toFixed(2),
    ]),
  ]);
}

function measureLibrary() {
  const words = ["--once", "--epochs", String(epochs), "--data", options.data];
  return JSON.parse(runNode([fileURLToPath(import.meta.url), ...words]));
}

/** What the command prints says which phase it is in: see event-loop-probe.cjs. */
function measureCommand() {
  const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  const delays = join(home, "delays.json");
  const words = ["train", warmPhotos(options.data).folder, "--out", join(home, "run"), "--seed", "1"];
  const probe = ["--require", join(root, "bench/event-loop-probe.cjs")];
  try {
    runNode([...probe, builtFile("cli/bundle/main.cjs"), ...words, "--epochs", String(epochs)], {
      FOVEA_DELAYS: delays,
    });
    return JSON.parse(readFileSync(delays, "utf8"));
  } finally {
    rmSync(home, { recursive: true });
  }
}

function runNode(words, environment = {}) {
  const env = { ...process.env, ...environment };
  const run = spawnSync(process.execPath, words, { encoding: "utf8", env });
  if (run.status !== 0) refuse(`Expected the run to finish, found exit status ${run.status}:\n${run.stderr}`);
  return run.stdout;
}

/** Phases in their order, each with its longest delay in ms and what it took in s. */
async function measureRun() {
  const { train } = await import(builtFile("index.js"));
  const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));
  const phases = watchPhases();
  const observe = ({ type }) => {
    phases.begin();
    if (type === "loaded") phases.end("read photos");
    if (type === "started") phases.end("weights, contact sheet");
    if (type === "epoch") phases.end("train, validate, save");
  };
  const { folder } = warmPhotos(options.data);
  try {
    await train({ data: folder, out: join(home, "run"), seed: 1, epochs, observe });
    phases.end("judge, draw");
  } finally {
    rmSync(home, { recursive: true });
  }
  return phases.all();
}
