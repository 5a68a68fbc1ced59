import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apportion } from "../../src/data/apportion.ts";
import { partNames } from "../../src/data/parts.ts";
import { parseSplit, type SplitItem, type SplitRatios, splitSamples } from "../../src/data/split.ts";
import {
  matchSplit,
  parseSplitManifest,
  splitManifestText,
  toSplitManifest,
} from "../../src/data/split-manifest.ts";

const standard: SplitRatios = [70, 20, 10];

/** As many different images in each class as `counts` says. */
function itemsOf(...counts: number[]): SplitItem[] {
  return counts.flatMap((count, classIndex) =>
    Array.from({ length: count }, (_, i) => ({
      hash: `hash-${classIndex}-${(i * 7919) % 104729}`,
      classIndex,
      relativePath: `${classIndex}/${i}`,
    })),
  );
}

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);

function split(items: readonly SplitItem[], seed = 1, ratios = standard) {
  const classNames = namesOf(1 + Math.max(0, ...items.map(({ classIndex }) => classIndex)));
  return splitSamples(items, { ratios, seed, classNames });
}

const refusal = (code: string, text: string) =>
  expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(text) });

/** Classes of three to thirty images, some of them twice in their class. */
const anyItems = fc
  .array(
    fc.record({ images: fc.integer({ min: 3, max: 30 }), copies: fc.array(fc.nat(29), { maxLength: 8 }) }),
    {
      minLength: 2,
      maxLength: 7,
    },
  )
  .map((classes) =>
    classes.flatMap(({ images, copies }, classIndex) => {
      const originals = itemsOf(images).map(({ hash }) => `${classIndex}-${hash}`);
      const all = [...originals, ...copies.map((copy) => originals[copy % images])];
      return all.map((hash, i): SplitItem => ({ hash, classIndex, relativePath: `${classIndex}/${i}` }));
    }),
  );

describe("splitSamples", () => {
  it("gives the report's data 70, 20 and 10 percent of each class", () => {
    const items = itemsOf(103, 119);
    const parts = split(items);
    expect(partNames.map((name) => parts[name].length)).toEqual([156, 44, 22]);
    const happy = partNames.map((name) => parts[name].filter((i) => items[i].classIndex === 0).length);
    expect(happy).toEqual([73, 20, 10]);
  });

  it("uses each image once, in every part of every class, with copies on one side", () => {
    fc.assert(
      fc.property(anyItems, fc.integer(), (items, seed) => {
        const parts = split(items, seed);
        const used = partNames.flatMap((name) => parts[name]);
        expect(used.sort((a, b) => a - b)).toEqual(items.map((_, i) => i));
        const sides = new Map<string, string>();
        const filled = new Set<string>();
        for (const name of partNames) {
          for (const index of parts[name]) {
            const { hash, classIndex } = items[index];
            filled.add(`${classIndex} ${name}`);
            expect(sides.get(hash) ?? name).toBe(name);
            sides.set(hash, name);
          }
        }
        expect(filled.size).toBe(3 * new Set(items.map(({ classIndex }) => classIndex)).size);
      }),
    );
  });

  it("depends on content and seed, not on order or names", () => {
    fc.assert(
      fc.property(anyItems, fc.integer(), (items, seed) => {
        const contentOf = (from: readonly SplitItem[], parts: ReturnType<typeof split>) =>
          partNames.map((name) => parts[name].map((i) => from[i].hash).sort());
        const moved = [...items].reverse();
        const renamed = items.map((item, i) => ({ ...item, relativePath: `other/${i}` }));
        const expected = contentOf(items, split(items, seed));
        expect(contentOf(moved, split(moved, seed))).toEqual(expected);
        expect(contentOf(renamed, split(renamed, seed))).toEqual(expected);
        const paths = split(items, seed).train.map((i) => items[i].relativePath);
        expect(split(moved, seed).train.map((i) => moved[i].relativePath)).toEqual(paths);
      }),
    );
  });

  it("splits otherwise with another seed", () => {
    const items = itemsOf(20, 20);
    expect(split(items, 1)).toEqual(split(items, 1));
    expect(split(items, 1)).not.toEqual(split(items, 2));
  });

  it("puts what lies in two classes into training, whatever the seed", () => {
    const items = itemsOf(5, 5);
    items.push({ ...items[0], classIndex: 1, relativePath: "1/twin" });
    items.push({ hash: "more", classIndex: 0, relativePath: "0/more" });
    for (let seed = 0; seed < 20; seed++) {
      expect(split(items, seed).train).toEqual(expect.arrayContaining([0, 10]));
    }
  });

  it("keeps many copies of one picture together and still fills every part", () => {
    const items = itemsOf(3, 3);
    for (let i = 0; i < 30; i++) items.push({ ...items[0], relativePath: `0/copy ${i}` });
    const parts = split(items);
    expect(parts.train.length).toBe(32);
    expect(parts.validation.length).toBe(2);
    expect(parts.test.length).toBe(2);
  });

  it("leaves the test part empty when its share is 0, and then needs two images a class", () => {
    const parts = split(itemsOf(2, 10), 3, [80, 20, 0]);
    expect(partNames.map((name) => parts[name].length)).toEqual([9, 3, 0]);
  });

  it("refuses classes that are too small, with their counts", () => {
    const items = [...itemsOf(5, 2), { hash: "hash-1-0", classIndex: 1, relativePath: "1/copy" }];
    expect(() => split(items)).toThrow(refusal("data.too-few-images", "at least 3"));
    expect(() => split(items)).toThrow(refusal("data.too-few-images", '2 in "class 1"'));
    expect(() => splitSamples(itemsOf(5), { ratios: standard, seed: 1, classNames: namesOf(2) })).toThrow(
      refusal("data.too-few-images", '0 in "class 1"'),
    );
    expect(() => split([])).toThrow(refusal("data.no-images", "found none"));
  });
});

describe("apportion", () => {
  it("rounds each share up or down and meets the rounded totals where it can", () => {
    const counts = fc.array(fc.nat(60), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        counts,
        fc.constantFrom(standard, [60, 20, 20], [34, 33, 33], [80, 20, 0]),
        (counts, ratios) => {
          const result = apportion(counts, ratios);
          const totals = [0, 0, 0];
          for (const [index, row] of result.entries()) {
            expect(row.reduce((a, b) => a + b)).toBe(counts[index]);
            for (const [part, value] of row.entries()) {
              expect(Math.abs(value - (counts[index] * ratios[part]) / 100)).toBeLessThan(1);
              totals[part] += value;
            }
          }
          const all = counts.reduce((a, b) => a + b);
          for (const [part, total] of totals.entries()) {
            expect(Math.abs(total - (all * ratios[part]) / 100)).toBeLessThan(2);
          }
        },
      ),
    );
  });

  it("deals out the roundings of many like classes", () => {
    // Alone, each class of 5 would round 3.5, 1, 0.5 the same way; together they must give 21, 6, 3.
    const result = apportion([5, 5, 5, 5, 5, 5], standard);
    expect([0, 1, 2].map((part) => result.reduce((sum, row) => sum + row[part], 0))).toEqual([21, 6, 3]);
  });
});

describe("parseSplit", () => {
  it.each([
    ["70,20,10", [70, 20, 10]],
    [" 70, 20 ,10 ", [70, 20, 10]],
    ["0.7,0.2,0.1", [70, 20, 10]],
    ["80,20,0", [80, 20, 0]],
    ["66.6,16.7,16.7", [66.6, 16.7, 16.7]],
  ])("reads %j", (text, ratios) => {
    expect(parseSplit(text)).toEqual(ratios);
  });

  it.each([
    ["70,20", '"70,20"'],
    ["70,20,5,5", '"70,20,5,5"'],
    ["a,b,c", '"a,b,c"'],
    ["70,,30", '"70,,30"'],
    ["70,20,20", "adds up to 110"],
    ["110,-20,10", "negative"],
    ["0,50,50", "no share"],
    ["90,0,10", "no share"],
    ["", '""'],
  ])("refuses %j", (text, found) => {
    expect(() => parseSplit(text)).toThrow(refusal("split.bad-ratios", found));
  });
});

describe("the split manifest", () => {
  const items = itemsOf(5, 6);
  const options = { ratios: standard, seed: 9, classNames: namesOf(2) };
  const parts = splitSamples(items, options);
  const problems = [
    { relativePath: "class 1/note.txt", code: "image.unsupported", reason: "found text", excluded: true },
    { relativePath: "class 1/1.jpg", code: "data.misnamed", reason: "is PNG", excluded: false },
  ];
  const manifest = toSplitManifest(items, parts, problems, options, () => "class 1");
  const textOf = (pieces: Iterable<Uint8Array>) =>
    [...pieces].map((piece) => new TextDecoder().decode(piece)).join("");

  it("comes back from its file and finds the same parts", () => {
    const read = parseSplitManifest(textOf(splitManifestText(manifest)));
    expect(read).toEqual({ ...manifest, files: [...manifest.files] });
    expect(matchSplit(read, items)).toEqual(parts);
  });

  it("lists each image and what was left out, with the reason", () => {
    const files = [...manifest.files];
    expect(files.length).toBe(12);
    expect(files[11]).toEqual({
      path: "class 1/note.txt",
      hash: null,
      class: "class 1",
      part: "excluded",
      reason: "found text",
    });
  });

  it("comes in pieces, and says why a photo with a part was passed over", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => ({
      path: `${i}`,
      hash: "0",
      class: "a",
      part: "train" as const,
    }));
    const pieces = [...splitManifestText({ ...manifest, files: many }, new Map([["9999", "it has gone"]]))];
    expect(pieces.length).toBe(3);
    const { files } = JSON.parse(textOf(pieces));
    expect(files).toEqual([...many.slice(0, -1), { ...many[9999], reason: "it has gone" }]);
    expect(JSON.parse(textOf(splitManifestText({ ...manifest, files: [] }))).files).toEqual([]);
  });

  it("finds renamed images, leaves new ones out and refuses when one is gone", () => {
    const renamed = items.map((item, i) => ({ ...item, relativePath: `elsewhere/${i}` }));
    expect(matchSplit(manifest, renamed)).toEqual(parts);
    const more = [...items, { hash: "new", classIndex: 0, relativePath: "0/new" }];
    expect(matchSplit(manifest, more)).toEqual(parts);
    expect(() => matchSplit(manifest, items.slice(1))).toThrow(refusal("split.data-changed", '"0/0"'));
  });

  it("refuses what is no manifest", () => {
    expect(() => parseSplitManifest("{")).toThrow(refusal("split.bad-manifest", "JSON"));
    expect(() => parseSplitManifest('{"seed": "x"}')).toThrow(refusal("split.bad-manifest", "seed"));
  });
});
