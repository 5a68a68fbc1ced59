/**
 * A folder of a million photos: how long it takes, and how much memory, to find them, hash them, split them and read the first
 * batch. The files are hard links to a few thousand small photos, so that the disk holds them.
 *   node bench/large-folder.mjs [--files 1000000] [--classes 100] [--folder <where the links are kept>] [--read] [--json]
 */
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { builtFile, countOption, printTable } from "./support.mjs";

const { values: options } = parseArgs({
  options: {
    files: { type: "string" },
    classes: { type: "string" },
    folder: { type: "string" },
    read: { type: "boolean" },
    json: { type: "boolean" },
  },
});
const files = countOption(options.files, "files", 1_000_000);
const classes = countOption(options.classes, "classes", 100);
const BATCH = 32;
/** Links that one file may have: ext4 allows 65,000. */
const LINKS = 250;

const built = (path) => import(builtFile(path));
const [
  { openSource },
  { splitSamples },
  { loadSamples },
  { preprocessingSchema },
  { nodePlatform },
  { epochOrder },
] = await Promise.all([
  built("data/source.js"),
  built("data/split.js"),
  built("data/load.js"),
  built("data/preprocessing.js"),
  built("platform/node/node-platform.js"),
  built("data/batch.js"),
]);

const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "fovea-large-")));
const steps = [["step", "s", "resident after it, MB"]];
try {
  if ((await nodePlatform.kindOf(join(folder, "class 0"))) === undefined)
    await timed("(making the links)", makeLinks);
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
  const peak = process.resourceUsage().maxRSS / 1024;
  if (options.json) console.log(JSON.stringify({ files, classes, steps, peakMegabytes: peak }));
  else {
    console.log(
      `${source.samples.length} files in ${source.classNames.length} classes; at most ${Math.round(peak)} MB resident\n`,
    );
    printTable(steps);
  }
} finally {
  if (options.folder === undefined) await rm(folder, { recursive: true });
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
      const pixels = new Uint8Array(3 * 8 * 8).map((_, j) => (i * 7919 + j * 104729) >> 3);
      await writeFile(photo, await nodePlatform.encodePng({ width: 8, height: 8, pixels }));
    }
    await link(
      photo,
      join(folder, `class ${Math.floor(i / LINKS) % classes}`, `IMG_${String(i).padStart(8, "0")}.png`),
    );
  }
}

/**
 * What loading does for the split, without the pixels. With --read the files are read; otherwise a reader that stands in for the disk
 * gives each path bytes of its own, so that the split has most to do.
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
