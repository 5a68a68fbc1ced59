/**
 * `npm run bench -- near-duplicates`: how many planted near-duplicates of photos are found, how many of those found are none, and how
 * long the search takes among many (`--planted --seed --data --count --json`).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { drawFingerprints } from "./drawn-fingerprints.mjs";
import { changePhoto, planChange, seeded } from "./plant-duplicates.mjs";
import { builtFile, printTable, saveResult, warmPhotos } from "./support.mjs";

const { values } = parseArgs({
  options: {
    planted: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    data: { type: "string", default: "happy-sad" },
    count: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
  },
});
const { decodeImage } = await import(builtFile("platform/node/decode.js"));
const { fingerprintOf } = await import(builtFile("data/duplicates/fingerprint.js"));
const { findNearDuplicates } = await import(builtFile("data/duplicates/near-duplicates.js"));

const result = { planted: await findPlanted(), search: await timeSearch(Number(values.count)) };
saveResult("near-duplicates", result);
if (values.json) console.log(JSON.stringify(result, null, 2));
else {
  printTable(Object.entries(result.planted));
  printTable(Object.entries(result.search));
}

/**
 * Plants a changed copy of each of so many photos. Photos that are the same among themselves are in the folder as it comes: a pair of
 * a copy with the twin of its photo is right too.
 */
async function findPlanted() {
  const { folder } = warmPhotos(values.data);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const random = seeded(Number(values.seed));
  const chosen = new Set();
  const wanted = Math.min(Number(values.planted), files.length);
  while (chosen.size < wanted) chosen.add(Math.floor(random() * files.length));
  const originals = [];
  const copies = [];
  for (const [index, file] of files.entries()) {
    const image = await decodeImage(new Uint8Array(readFileSync(file)));
    originals.push(fingerprintOf(image));
    if (!chosen.has(index)) continue;
    const bytes = await changePhoto(image, planChange(random));
    copies.push({ of: index, fingerprint: fingerprintOf(await decodeImage(new Uint8Array(bytes))) });
  }
  const own = await findNearDuplicates(originals);
  const twin = new Map(own.flatMap((group, id) => group.members.map((member) => [member, id])));
  const same = (a, b) => a === b || (twin.has(a) && twin.get(a) === twin.get(b));
  const sourceOf = (index) => (index < originals.length ? index : copies[index - originals.length].of);
  const groups = await findNearDuplicates([...originals, ...copies.map(({ fingerprint }) => fingerprint)]);
  const groupOf = new Map(groups.flatMap((group, id) => group.members.map((member) => [member, id])));
  const found = copies.filter(({ of }, i) => {
    const group = groupOf.get(originals.length + i);
    return group !== undefined && group === groupOf.get(of);
  });
  const pairs = groups.flatMap((group) => group.pairs);
  const wrong = pairs.filter(({ first, second }) => !same(sourceOf(first), sourceOf(second)));
  return {
    photos: originals.length,
    planted: copies.length,
    found: found.length,
    recall: found.length / copies.length,
    pairs: pairs.length,
    wrongPairs: wrong.length,
    precision: (pairs.length - wrong.length) / pairs.length,
    pairsAmongPhotos: own.flatMap((group) => group.pairs).length,
  };
}

async function timeSearch(count) {
  const { fingerprints, pairs } = drawFingerprints(Math.round(0.99 * count), Math.round(0.01 * count));
  const begin = performance.now();
  const groups = await findNearDuplicates(fingerprints);
  const seconds = (performance.now() - begin) / 1000;
  const groupOf = new Map(groups.flatMap((group, id) => group.members.map((member) => [member, id])));
  const found = pairs.filter(([a, b]) => groupOf.has(a) && groupOf.get(a) === groupOf.get(b)).length;
  return {
    pictures: fingerprints.length,
    seconds,
    planted: pairs.length,
    found,
    recall: found / pairs.length,
    groups: groups.length,
  };
}
