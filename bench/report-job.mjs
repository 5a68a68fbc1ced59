/**
 * The whole job, start to finish, against the same job in Keras: turn about, on the same photos, in one run.
 *   node bench/report-job.mjs [--runs 3] [--epochs 20] [--data happy-sad] [--cached-peer] [--json]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    epochs: { type: "string" },
    data: { type: "string", default: "happy-sad" },
    "cached-peer": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 3);
const epochs = countOption(options.epochs, "epochs", 20);
const python = peerPython();
const command = builtFile("cli/bundle/main.cjs");
const photos = warmPhotos(options.data);
const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));

const contestants = {
  fovea: (out) => [
    process.execPath,
    [command, "train", photos.folder, "--epochs", String(epochs), "--out", out, "--seed", "1"],
  ],
  keras: (out) => [
    python,
    [
      join(root, "bench/keras_report.py"),
      photos.folder,
      "--epochs",
      String(epochs),
      "--out",
      out,
      ...(options["cached-peer"] ? ["--cache"] : []),
    ],
  ],
};

const measured = { fovea: [], keras: [] };
try {
  for (let run = 0; run < runs; run++) {
    for (const name of Object.keys(contestants)) measured[name].push(measure(name, run));
  }
} finally {
  rmSync(home, { recursive: true });
}
report();

/** Runs one contestant once; what it prints is shown only when it fails. */
function measure(name, run) {
  const out = join(home, `${name}-${run}`);
  const usagePath = `${out}.json`;
  const [program, words] = contestants[name](out);
  const child = spawnSync(python, [join(root, "bench/measure.py"), usagePath, program, ...words], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const usage = existsSync(usagePath)
    ? JSON.parse(readFileSync(usagePath, "utf8"))
    : { exitCode: child.status };
  if (child.status !== 0 || usage.exitCode !== 0) {
    refuse(
      `Expected ${name} to finish, found exit status ${usage.exitCode}:\n${child.stdout}${child.stderr}`,
    );
  }
  if (!options.json) {
    console.error(
      `${name} run ${run + 1}: ${usage.wallSeconds.toFixed(1)} s, ${mebibytes(usage.peakBytes)} MiB`,
    );
  }
  return { ...usage, result: name === "keras" ? lastJson(child.stdout) : metricsOf(out) };
}

function lastJson(text) {
  return JSON.parse(text.trim().split("\n").at(-1));
}

function metricsOf(runFolder) {
  const path = join(runFolder, "metrics.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

function mebibytes(bytes) {
  return Math.round(bytes / 2 ** 20);
}

function report() {
  const column = (name, key, scale = 1) => spread(measured[name].map((run) => run[key] / scale));
  const quantities = [
    ["wall time, s", "wallSeconds", 1, 1],
    ["processor time, s", "cpuSeconds", 1, 1],
    ["peak resident memory, MiB", "peakBytes", 2 ** 20, 0],
  ].map(([title, key, scale, digits]) => {
    const [fovea, keras] = [column("fovea", key, scale), column("keras", key, scale)];
    return { title, key, digits, fovea, keras, ratio: fovea.median / keras.median };
  });
  const facts = { ...machine(), ...measured.keras[0].result.versions };
  const peer = options["cached-peer"] ? "Keras (cached)" : "Keras";
  const result = { facts, photos: photos.count, epochs, runs, peer, quantities, measured };
  if (!options["cached-peer"]) saveResult("report-job", result);
  if (options.json) {
    console.log(JSON.stringify(result, null, 2));
    return;
  }
  printMachine(facts);
  console.log(
    `\n${photos.count} photos, ${epochs} epochs, ${runs} runs each in turn: median (least to most)\n`,
  );
  printTable([
    ["", "Fovea", peer, "Fovea / Keras"],
    ...quantities.map(({ title, digits, fovea, keras, ratio }) => [
      title,
      written(fovea, digits),
      written(keras, digits),
      ratio.toFixed(2),
    ]),
  ]);
}
