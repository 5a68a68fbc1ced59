/**
 * How training is fed: the share of the time that epochs after the first wait for data, with photos as they are and with
 * `--augment light`, and what `light` costs the whole run; turn about, the report's job.
 *   node bench/feeding.mjs [--runs 3] [--epochs 20] [--data happy-sad] [--image-size 256] [--json]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { built } from "./engine.mjs";
import {
  countOption,
  machine,
  printMachine,
  printTable,
  saveResult,
  spread,
  warmPhotos,
  written,
} from "./support.mjs";

/** Of the time of later epochs, waited for data at most; and how many times as long as without it a run with `light` takes at most. */
const TARGETS = { waited: 0.02, light: 1.1 };
const SIDES = ["none", "light"];

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    epochs: { type: "string" },
    data: { type: "string", default: "happy-sad" },
    "image-size": { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 3);
const epochs = countOption(options.epochs, "epochs", 20);
const imageSize = countOption(options["image-size"], "image-size", 256);
const { folder, count } = warmPhotos(options.data);
const [{ train }, { nodeMachine }] = await Promise.all([
  built("tasks/train.js"),
  built("platform/node/node-machine.js"),
]);

const home = mkdtempSync(join(tmpdir(), "fovea-bench-"));
const samples = SIDES.map(() => []);
try {
  for (let run = 0; run < runs; run++) {
    for (const [side, augment] of SIDES.entries())
      samples[side].push(await trainOnce(join(home, `${augment} ${run}`), augment));
  }
} finally {
  rmSync(home, { recursive: true });
}
const measured = SIDES.map((augment, side) => {
  const of = (key) => spread(samples[side].map((sample) => sample[key]));
  return { augment, wall: of("wall"), later: of("later"), waited: of("waited"), samples: samples[side] };
});
const [none, light] = measured;
const cost = light.wall.median / none.wall.median;
const result = {
  facts: machine(),
  data: options.data,
  photos: count,
  imageSize,
  epochs,
  runs,
  targets: TARGETS,
  cost,
  measured,
};
saveResult("feeding", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

/** Seconds of the whole run, of its later epochs, and the share of these that was waited for data. */
async function trainOnce(out, augment) {
  let [later, waited] = [0, 0];
  const observe = ({ type, report }) => {
    if (type !== "epoch" || report.record.epoch === 1) return;
    later += report.record.seconds;
    waited += report.waited;
  };
  const began = performance.now();
  await train(nodeMachine, {
    data: folder,
    out,
    augment,
    epochs,
    imageSize,
    seed: 1,
    cache: "none",
    observe,
  });
  return { wall: (performance.now() - began) / 1000, later, waited: waited / later };
}

function report() {
  printMachine(result.facts);
  console.log(
    `\n${count} photos at ${imageSize}x${imageSize}, ${epochs} epochs, ${runs} runs each in turn: median (least to most)\n`,
  );
  printTable([
    ["--augment", "whole run, s", "later epochs, s", "of these waited for data, %"],
    ...measured.map(({ augment, wall, later, waited }) => [
      augment,
      written(wall, 2),
      written(later, 2),
      written(scaled(waited, 100), 2),
    ]),
  ]);
  for (const { augment, waited } of measured) {
    const verdict = waited.median < TARGETS.waited ? "reached" : "missed";
    console.log(`waiting with ${augment}: target below ${100 * TARGETS.waited} %: ${verdict}`);
  }
  const verdict = cost <= TARGETS.light ? "reached" : "missed";
  console.log(`a run with light takes ${cost.toFixed(2)} times as long, target ${TARGETS.light}: ${verdict}`);
}

function scaled({ median, min, max }, factor) {
  return { median: median * factor, min: min * factor, max: max * factor };
}
