/**
 * `fovea predict model.h5 photo` from a standing start against a Keras script that does the same with the same file, turn
 * about: wall time, processor time and memory. The file is what an epoch of `fovea train` leaves.
 *   node bench/predict.mjs [--runs 10] [--data happy-sad] [--json]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  saveResult,
  spread,
  warmPhotos,
  written,
} from "./support.mjs";

const TARGETS = { seconds: 0.25, ratio: 1 / 15 };

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    data: { type: "string", default: "happy-sad" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 10);
const python = peerPython();
const command = builtFile("cli/bundle/main.cjs");
const { folder } = warmPhotos(options.data);
const photo = firstPhoto(folder);
const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));
const trained = join(home, "run");
const model = join(trained, "model.h5");
const script = join(root, "bench/keras_predict.py");
const contestants = {
  fovea: [process.execPath, command, "predict", model, photo],
  keras: [python, script, model, photo],
};

const measured = { fovea: [], keras: [] };
try {
  const words = [command, "train", folder, "--epochs", "1", "--out", trained];
  finished("the training", spawnSync(process.execPath, words, { encoding: "utf8" }));
  for (let run = -1; run < runs; run++) {
    for (const [name, words] of Object.entries(contestants)) {
      const usage = measure(name, words);
      if (run >= 0) measured[name].push(usage); // the first reads the programs from the disk
    }
  }
} finally {
  rmSync(home, { recursive: true });
}
const quantities = [
  ["wall time, s", "wallSeconds", 1, 3],
  ["processor time, s", "cpuSeconds", 1, 2],
  ["peak resident memory, MiB", "peakBytes", 2 ** 20, 0],
].map(([title, key, scale, digits]) => {
  const [fovea, keras] = ["fovea", "keras"].map((name) =>
    spread(measured[name].map((run) => run[key] / scale)),
  );
  return { title, key, digits, fovea, keras, ratio: fovea.median / keras.median };
});
const result = { facts: machine(), runs, targets: TARGETS, quantities, measured };
saveResult("predict", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

function firstPhoto(start) {
  const found = readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:jpe?g|png)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  if (found.length === 0) refuse(`Expected a JPEG or PNG photo in ${start}, found none`);
  return found[0];
}

function measure(name, words) {
  const usagePath = join(home, "usage.json");
  finished(
    name,
    spawnSync(python, [join(root, "bench/measure.py"), usagePath, ...words], { encoding: "utf8" }),
  );
  const usage = JSON.parse(readFileSync(usagePath, "utf8"));
  if (usage.exitCode !== 0) refuse(`Expected ${name} to finish, found exit status ${usage.exitCode}`);
  return usage;
}

function finished(name, { status, stdout, stderr }) {
  if (status !== 0) refuse(`Expected ${name} to finish, found exit status ${status}:\n${stdout}${stderr}`);
}

function report() {
  printMachine(result.facts);
  console.log(`\nOne photo from a standing start, ${runs} runs each in turn: median (least to most)\n`);
  printTable([
    ["", "Fovea", "Keras", "Fovea / Keras"],
    ...quantities.map(({ title, digits, fovea, keras, ratio }) => [
      title,
      written(fovea, digits),
      written(keras, digits),
      ratio.toFixed(3),
    ]),
  ]);
  const [{ fovea, ratio }] = quantities;
  const verdict = (reached) => (reached ? "reached" : "missed");
  console.log(`\nat most ${TARGETS.seconds} s: ${verdict(fovea.median <= TARGETS.seconds)}`);
  console.log(
    `15 times faster than Keras: ${(1 / ratio).toFixed(1)} times, ${verdict(ratio <= TARGETS.ratio)}`,
  );
}
