/**
 * What it costs to keep decoded photos on the disk, and what it saves: a first pass over a folder with nothing kept, with all kept
 * in memory and with all written to an empty cache folder; and a later pass in batches of 32, decoded anew, from memory, and from
 * the disk as the system's file cache has it. Turn about.
 *   node bench/photo-cache.mjs [--runs 5] [--data happy-sad] [--image-size 256] [--json]
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

const [
  { openSource },
  { loadSamples },
  { ruleFor },
  { parseTrainOptions },
  { createPhotoStore },
  { nodeMachine },
] = await Promise.all([
  built("data/source.js"),
  built("data/load.js"),
  built("tasks/rule-for.js"),
  built("tasks/train-options.js"),
  built("data/cache/photo-store.js"),
  built("platform/node/node-machine.js"),
]);

const BATCH = 32;

const { values: options } = parseArgs({
  options: {
    runs: { type: "string" },
    data: { type: "string", default: "happy-sad" },
    "image-size": { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const runs = countOption(options.runs, "runs", 5);
const imageSize = countOption(options["image-size"], "image-size", 256);
const { folder } = warmPhotos(options.data);
const rule = ruleFor(parseTrainOptions({ imageSize }));
const { samples } = await openSource(nodeMachine, folder, {});

const openFolder = (place) => nodeMachine.openPhotoFolder({ folder: place, onNotice: console.warn });
/** Opens the store of one run, for which there is a new folder. */
const stores = {
  "nothing kept": () => createPhotoStore({ memoryBytes: 0 }),
  "in memory": () => createPhotoStore({ memoryBytes: Number.POSITIVE_INFINITY }),
  "on the disk": (place) => createPhotoStore({ memoryBytes: 0, below: openFolder(place) }),
};

const names = Object.keys(stores);
const seconds = names.map(() => ({ first: [], later: [] }));
let photos = 0;
for (let run = 0; run <= runs; run++) {
  for (const [index, name] of names.entries()) {
    const times = await onePass(stores[name]);
    if (run === 0) continue; // warms up
    seconds[index].first.push(times.first);
    seconds[index].later.push(times.later);
  }
}

const measured = names.map((name, index) => ({
  name,
  first: { ...spread(seconds[index].first), samples: seconds[index].first },
  later: { ...spread(seconds[index].later), samples: seconds[index].later },
}));
const result = { facts: machine(), data: options.data, photos, imageSize, runs, measured };
saveResult("photo-cache", result);
if (options.json) console.log(JSON.stringify(result, null, 2));
else report();

async function onePass(open) {
  const place = mkdtempSync(join(tmpdir(), "fovea-bench-cache-"));
  try {
    const store = open(place);
    const began = performance.now();
    const { loaded } = await loadSamples(nodeMachine, samples, rule, { store });
    await store.close();
    const filled = performance.now();
    await readAll(loaded);
    photos = loaded.length;
    return { first: (filled - began) / 1000, later: (performance.now() - filled) / 1000 };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** As training gathers batches. */
async function readAll(loaded) {
  const targets = Array.from({ length: BATCH }, () => new Float32Array(loaded[0].image.length));
  for (let begin = 0; begin < loaded.length; begin += BATCH) {
    const fetching = loaded.slice(begin, begin + BATCH).map(({ image }) => image.fetch());
    for (const [row, image] of (await Promise.all(fetching)).entries()) image.copyTo(targets[row]);
  }
}

function report() {
  printMachine(result.facts);
  console.log(
    `\n${photos} photos to ${imageSize}x${imageSize}, ${runs} runs each in turn: median (least to most)\n`,
  );
  const row = ({ name, first, later }) => [
    name,
    written(first, 2),
    (photos / first.median).toFixed(0),
    written(later, 3),
    (photos / later.median).toFixed(0),
  ];
  printTable([["", "first pass, s", "images/s", "later pass, s", "images/s"], ...measured.map(row)]);
}
