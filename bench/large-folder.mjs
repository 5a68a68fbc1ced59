/**
 * A folder of a million photos: how long `fovea train` takes until its first step is done, and how much memory; and then, in a
 * process of their own, how long it takes to find them, hash them and split them. The files are hard links to a few thousand small
 * photos, so that the disk holds them.
 *   node bench/large-folder.mjs [--files 1000000] [--classes 100] [--image-size 256] [--folder <where the links are kept>]
 *     [--begun] [--read] [--json]
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { builtFile, countOption, machine, printTable, saveResult } from "./support.mjs";

const TARGETS = { seconds: 60, megabytes: 1000 };

const { values: options } = parseArgs({
  options: {
    files: { type: "string" },
    classes: { type: "string" },
    "image-size": { type: "string" },
    folder: { type: "string" },
    begun: { type: "boolean" }, // only that
    read: { type: "boolean" },
    json: { type: "boolean" },
  },
});
const files = countOption(options.files, "files", 1_000_000);
const classes = countOption(options.classes, "classes", 100);
const imageSize = countOption(options["image-size"], "image-size", 256);
const BATCH = 32;
/** Links that one file may have: ext4 allows 65,000. */
const LINKS = 250;

const built = (path) => import(builtFile(path));
const [
  { openSource },
  { splitSamples },
  { loadSamples },
  { preprocessingSchema },
  { nodeMachine: nodePlatform },
  { epochOrder },
  { train },
] = await Promise.all([
  built("data/source.js"),
  built("data/split.js"),
  built("data/load.js"),
  built("data/preprocessing.js"),
  built("platform/node/node-machine.js"),
  built("data/batch.js"),
  built("tasks/train.js"),
]);

const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "fovea-large-")));
const steps = [["step", "s", "resident after it, MB"]];
try {
  if ((await nodePlatform.kindOf(join(folder, "class 0"))) === undefined) await makeLinks();
  const begun = await beginTraining();
  if (!options.begun) await measureParts();
  saveResult("large-folder", { facts: machine(), files, classes, imageSize, targets: TARGETS, begun, steps });
  if (options.json) console.log(JSON.stringify({ files, classes, imageSize, begun, steps }));
  else report(begun);
} finally {
  if (options.folder === undefined) await rm(folder, { recursive: true });
}

/** A real run, which is interrupted when its first step is done: seconds until then, and what was resident at most, in MB. */
async function beginTraining() {
  const home = await mkdtemp(join(tmpdir(), "fovea-bench-"));
  const controller = new AbortController();
  const began = performance.now();
  let begun;
  const observe = ({ type }) => {
    if (type !== "batch") return;
    begun = { seconds: (performance.now() - began) / 1000, megabytes: peakMegabytes() };
    controller.abort();
  };
  const { signal } = controller;
  await train(nodePlatform, {
    data: folder,
    out: join(home, "run"),
    imageSize,
    cache: "none",
    observe,
    signal,
  });
  await rm(home, { recursive: true });
  return begun;
}

/** Of this process until now: Linux says it of this moment, and resourceUsage of what came before the process became itself. */
function peakMegabytes() {
  if (process.platform !== "linux") return (process.resourceUsage().maxRSS * 1024) / 1e6;
  return (Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024) / 1e6;
}

async function measureParts() {
  const source = await timed("find", () => openSource(nodePlatform, folder));
  const items = await timed(options.read ? "read and hash" : "hash", () => hashed(source));
  const parts = await timed("split", () =>
    splitSamples(items, { ratios: [70, 20, 10], seed: 1, classNames: source.classNames }),
  );
  await timed("first batch", () => {
    const order = epochOrder(parts.train.length, 1, 0).slice(0, BATCH);
    const batch = Array.from(order, (index) => source.samples[parts.train[index]]);
    return loadSamples(source.platform, batch, preprocessingSchema.parse({ height: 64, width: 64 }));
  });
}

function report({ seconds, megabytes }) {
  const reached = seconds <= TARGETS.seconds && megabytes <= TARGETS.megabytes;
  console.log(
    `${files} files in ${classes} classes at ${imageSize}x${imageSize}: first training step done after ${seconds.toFixed(1)} s, at most ${Math.round(megabytes)} MB resident`,
  );
  console.log(`target ${TARGETS.seconds} s and ${TARGETS.megabytes} MB: ${reached ? "reached" : "missed"}\n`);
  if (!options.begun) printTable(steps);
}

async function timed(name, work) {
  const start = performance.now();
  const result = await work();
  steps.push([
    name,
    ((performance.now() - start) / 1000).toFixed(2),
    Math.round(process.memoryUsage.rss() / 2 ** 20),
  ]);
  return result;
}

async function makeLinks() {
  const photos = join(folder, ".photos");
  await mkdir(photos, { recursive: true });
  for (let c = 0; c < classes; c++) await mkdir(join(folder, `class ${c}`));
  let photo = "";
  for (let i = 0; i < files; i++) {
    if (i % LINKS === 0) {
      photo = join(photos, `${i}.png`);
      const noise = createHash("shake256", { outputLength: 3 * 8 * 8 }).update(String(i)); // no two photos are the same
      const pixels = new Uint8Array(noise.digest());
      await writeFile(photo, await nodePlatform.encodePng({ width: 8, height: 8, pixels }));
    }
    await link(
      photo,
      join(folder, `class ${Math.floor(i / LINKS) % classes}`, `IMG_${String(i).padStart(8, "0")}.png`),
    );
  }
}

/**
 * What loading does for the split. With --read the files are read; otherwise a reader that stands in for the disk gives each path
 * bytes of its own, so that the split has most to do.
 */
async function hashed({ samples, platform }) {
  const items = new Array(samples.length);
  const encoder = new TextEncoder();
  const read = options.read ? (path) => platform.readFile(path) : async (path) => encoder.encode(path);
  let next = 0;
  const worker = async () => {
    while (next < samples.length) {
      const index = next++;
      const { path, relativePath, classIndex } = samples[index];
      items[index] = { relativePath, classIndex, hash: await platform.sha256(await read(path)) };
    }
  };
  await Promise.all(Array.from({ length: platform.cores + 1 }, worker));
  return items;
}
