/**
 * How long is the event loop blocked while a run goes on? The longest delay in each phase of the report job, by the library.
 *   node bench/event-loop.mjs [--epochs 20] [--data happy-sad]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { builtFile, countOption, printTable, warmPhotos } from "./support.mjs";

const { values: options } = parseArgs({
  options: { epochs: { type: "string" }, data: { type: "string", default: "happy-sad" } },
});
const epochs = countOption(options.epochs, "epochs", 20);
const { train } = await import(builtFile("index.js"));
const photos = warmPhotos(options.data);
const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));
const delay = monitorEventLoopDelay({ resolution: 1 });
/** Phase -> longest delay in ms, and what the phase took in s. */
const phases = new Map();
let began = performance.now();

delay.enable();
try {
  await train({ data: photos.folder, out: join(home, "run"), seed: 1, epochs, observe });
  endPhase("judge and draw");
} finally {
  delay.disable();
  rmSync(home, { recursive: true });
}
printTable([
  ["phase", "longest delay, ms", "takes, s"],
  ...[...phases].map(([name, { longest, seconds }]) => [name, longest.toFixed(0), seconds.toFixed(2)]),
]);

function observe({ type }) {
  if (type === "loaded") endPhase("read photos");
  if (type === "started") endPhase("contact sheet");
  if (type === "epoch") endPhase("train, validate, save");
}

function endPhase(name) {
  const now = performance.now();
  const { longest = 0, seconds = 0 } = phases.get(name) ?? {};
  phases.set(name, {
    longest: Math.max(longest, delay.max / 1e6),
    seconds: seconds + (now - began) / 1000,
  });
  delay.reset();
  began = performance.now();
}
