import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apportion } from "../../src/data/apportion.ts";
import { partNames } from "../../src/data/parts.ts";
import { missingClasses, type SplitItem, type SplitRatios, splitSamples } from "../../src/data/split.ts";
import { keptParts, toSplitManifest } from "../../src/data/split-manifest.ts";

const ratios: SplitRatios = [70, 20, 10];
const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `class ${i}`);

/** Items from rows of [class, group]; a group of undefined stands alone. */
function itemsOf(rows: readonly (readonly [number, string | undefined])[]): SplitItem[] {
  return rows.map(([classIndex, group], index) => ({
    hash: `hash ${(index * 7919) % 104729}`,
    classIndex,
    relativePath: `${classIndex}/${index}`,
    ...(group !== undefined && { group }),
  }));
}

function sidesOf(items: readonly SplitItem[], parts: ReturnType<typeof splitSamples>): string[] {
  const sides = new Array<string>(items.length);
  for (const name of partNames) for (const index of parts[name]) sides[index] = name;
  return sides;
}

/** Whether groups can be dealt to three parts so that each has every class, by trying. */
function canBePlaced(held: readonly (readonly number[])[], classes: number): boolean {
  const masks = held.map((group) => group.reduce((mask, c) => mask | (1 << c), 0));
  const all = (1 << classes) - 1;
  const place = (next: number, parts: readonly number[]): boolean =>
    parts.every((part) => part === all) ||
    (next < masks.length &&
      parts.some((_, to) =>
        place(
          next + 1,
          parts.map((part, i) => (i === to ? part | masks[next] : part)),
        ),
      ));
  return place(0, [0, 0, 0]);
}

/** Two to six classes and up to 40 groups of one to six images, of any classes; three images of each class stand alone. */
const spanningItems = fc
  .record({
    classes: fc.integer({ min: 2, max: 6 }),
    groups: fc.array(fc.array(fc.nat(1000), { minLength: 1, maxLength: 6 }), { maxLength: 40 }),
  })
  .map(({ classes, groups }) => ({
    classes,
    largest: Math.max(1, ...groups.map(({ length }) => length)),
    items: itemsOf([
      ...groups.flatMap((group, i) => group.map((n) => [n % classes, `group ${i}`] as const)),
      ...Array.from({ length: 3 * classes }, (_, i) => [i % classes, undefined] as const),
    ]),
  }));

/** As faces of persons: each person has most of the classes, some several times. */
const persons = fc
  .array(fc.array(fc.nat(1000), { minLength: 4, maxLength: 12 }), { minLength: 20, maxLength: 60 })
  .map((all) => itemsOf(all.flatMap((photos, i) => photos.map((n) => [n % 5, `S${i}`] as const))));

describe("a split by groups", () => {
  it("keeps groups on one side, has every class in each part, and meets the ratios to two of the largest group", () => {
    fc.assert(
      fc.property(spanningItems, fc.integer(), ({ items, classes, largest }, seed) => {
        const options = { ratios, seed, classNames: namesOf(classes) };
        const parts = splitSamples(items, options);
        const sides = sidesOf(items, parts);
        expect(sides.filter(Boolean)).toHaveLength(items.length);
        const sideOf = new Map<string, string>();
        for (const [index, { group }] of items.entries()) {
          if (group === undefined) continue;
          expect(sideOf.get(group) ?? sides[index]).toBe(sides[index]);
          sideOf.set(group, sides[index]);
        }
        expect(missingClasses(items, parts, options)).toEqual([]);
        for (const [part, name] of partNames.entries()) {
          const exact = (items.length * ratios[part]) / 100;
          expect(Math.abs(parts[name].length - exact)).toBeLessThan(2 * largest + classes);
        }
      }),
    );
  });

  it("splits persons, who have every class, as well as images: each class to within a tenth", () => {
    fc.assert(
      fc.property(persons, fc.integer(), (items, seed) => {
        const options = { ratios, seed, classNames: namesOf(5) };
        const parts = splitSamples(items, options);
        expect(missingClasses(items, parts, options)).toEqual([]);
        const counts = namesOf(5).map((_, c) => items.filter(({ classIndex }) => classIndex === c).length);
        for (const [part, name] of partNames.entries()) {
          for (const [c, count] of counts.entries()) {
            const own = parts[name].filter((index) => items[index].classIndex === c).length;
            expect(Math.abs(own - (count * ratios[part]) / 100)).toBeLessThanOrEqual(count * 0.1 + 2);
          }
        }
      }),
    );
  });

  it("holds the stated bound where groups are of one class: at most the largest too many, twice that too few", () => {
    const groups = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 9 })), { maxLength: 30 });
    fc.assert(
      fc.property(groups, fc.integer(), (groups, seed) => {
        const rows = [0, 1, 2].flatMap((c) => [0, 1, 2].map((i) => [c, `${c} ${i}`] as const));
        rows.push(...groups.flatMap(([c, size], i) => Array(size).fill([c, `group ${i}`] as const)));
        const items = itemsOf(rows);
        const parts = splitSamples(items, { ratios, seed, classNames: namesOf(3) });
        const counts = [0, 1, 2].map((c) => items.filter(({ classIndex }) => classIndex === c).length);
        const wanted = apportion(counts, ratios);
        for (const c of [0, 1, 2]) {
          const largest = Math.max(1, ...groups.filter(([own]) => own === c).map(([, size]) => size));
          for (const [part, name] of partNames.entries()) {
            const surplus = parts[name].filter((i) => items[i].classIndex === c).length - wanted[c][part];
            expect(surplus).toBeLessThanOrEqual(largest);
            expect(surplus).toBeGreaterThanOrEqual(-2 * largest);
          }
        }
      }),
    );
  });

  it("depends on content, groups and seed, not on order or names", () => {
    fc.assert(
      fc.property(spanningItems, fc.integer(), ({ items, classes }, seed) => {
        const options = { ratios, seed, classNames: namesOf(classes) };
        const hashes = (from: readonly SplitItem[]) => {
          const parts = splitSamples(from, options);
          return partNames.map((name) => parts[name].map((index) => from[index].hash).sort());
        };
        const other = [...items].reverse().map((item, i) => ({ ...item, relativePath: `other/${i}` }));
        expect(hashes(other)).toEqual(hashes(items));
      }),
    );
  });

  it("joins what shares a group, its bytes or a set of near-duplicates, one through the other", () => {
    const items = itemsOf([...Array(30)].map((_, i) => [i % 2, undefined] as const));
    const joined = items.map((item, i) => ({ ...item, ...([0, 2].includes(i) && { group: "g" }) }));
    joined.push({ ...joined[2], relativePath: "0/copy", group: "h" });
    joined.push({ ...joined[4], hash: "new", relativePath: "0/mate", group: "h" });
    for (let seed = 0; seed < 20; seed++) {
      const options = { ratios, seed, classNames: namesOf(2), together: [[31, 7, 9]] };
      const sides = sidesOf(joined, splitSamples(joined, options));
      expect(new Set([0, 2, 30, 31, 7, 9].map((index) => sides[index])).size).toBe(1);
    }
  });

  it("puts every class into each part wherever that can be done at all, as trying all of it shows", () => {
    const groups = fc
      .record({
        classes: fc.integer({ min: 3, max: 5 }),
        all: fc.array(fc.array(fc.nat(59), { minLength: 1, maxLength: 3 }), { minLength: 5, maxLength: 8 }),
      })
      .map(({ classes, all }) => all.map((group) => [...new Set(group.map((n) => n % classes))]));
    let placeable = 0;
    fc.assert(
      fc.property(groups, fc.integer(), (all, seed) => {
        const classes = [...new Set(all.flat())];
        const held = all.map((group) => group.map((c) => classes.indexOf(c)));
        const items = itemsOf(held.flatMap((group, i) => group.map((c) => [c, `group ${i}`] as const)));
        const counts = classes.map((_, c) => items.filter(({ classIndex }) => classIndex === c).length);
        if (counts.some((count) => count < 3) || !canBePlaced(held, classes.length)) return;
        placeable++;
        const options = { ratios, seed, classNames: namesOf(classes.length) };
        expect(missingClasses(items, splitSamples(items, options), options)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
    expect(placeable).toBeGreaterThan(500);
  });

  it("moves several groups in turn where no single one can be spared", () => {
    // the last 73 of 7197 small cases that could be placed and were not, such as this one
    const held = [[1, 0], [3], [4, 2], [2, 0, 4], [1, 3], [4, 3, 0], [0, 2, 1]];
    const items = itemsOf(held.flatMap((group, i) => group.map((c) => [c, `group ${i}`] as const)));
    for (let seed = 0; seed < 50; seed++) {
      const options = { ratios, seed, classNames: namesOf(5) };
      expect(missingClasses(items, splitSamples(items, options), options)).toEqual([]);
    }
  });

  it("gives up in time where there are many classes and nothing can be done", () => {
    const rows = Array.from({ length: 3000 }, (_, i) => {
      const own = i % 1000;
      return [own, `group ${Math.floor(own / 2)} ${i % 2}`] as const;
    });
    const began = process.cpuUsage();
    const items = itemsOf(rows).map((item, i) => ({ ...item, hash: `hash ${i}` }));
    const options = { ratios, seed: 1, classNames: namesOf(1000) };
    expect(missingClasses(items, splitSamples(items, options), options).length).toBeGreaterThan(500);
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(5);
  });

  it("says which class a part lacks where groups do not allow it", () => {
    const items = itemsOf([...Array(12)].map((_, i) => [i % 2, i % 2 === 0 ? "all" : undefined] as const));
    const options = { ratios, seed: 1, classNames: namesOf(2) };
    const parts = splitSamples(items, options);
    expect(missingClasses(items, parts, options)).toEqual([
      { className: "class 0", part: "validation" },
      { className: "class 0", part: "test" },
    ]);
  });
});

describe("a split that photos are added to", () => {
  it("leaves old photos where they are, brings their mates to them, and comes nearer to the ratios", () => {
    fc.assert(
      fc.property(spanningItems, spanningItems, fc.integer(), (before, after, seed) => {
        const classNames = namesOf(Math.max(before.classes, after.classes));
        const ofOld = { ratios, seed, classNames: namesOf(before.classes) };
        const old = splitSamples(before.items, ofOld);
        const manifest = toSplitManifest(before.items, old, [], ofOld, () => "");
        const added = after.items.map((item) => ({
          ...item,
          hash: `new ${item.hash}`,
          relativePath: `new ${item.relativePath}`,
        }));
        const all = [...added, ...before.items];
        const known = keptParts(manifest, all);
        expect(known.filter((part) => part !== undefined)).toHaveLength(before.items.length);
        const parts = splitSamples(
          all.map((item, index) => ({ ...item, part: known[index] })),
          { ratios, seed: seed + 1, classNames },
        );
        const sides = sidesOf(all, parts);
        for (const [index, part] of known.entries()) if (part !== undefined) expect(sides[index]).toBe(part);
        const sideOf = new Map<string, string>();
        for (const [index, { group }] of all.entries()) {
          if (group === undefined) continue;
          expect(sideOf.get(group) ?? sides[index]).toBe(sides[index]);
          sideOf.set(group, sides[index]);
        }
        const bound = 2 * Math.max(before.largest, after.largest) * 6 + classNames.length;
        for (const [part, name] of partNames.entries()) {
          expect(Math.abs(parts[name].length - (all.length * ratios[part]) / 100)).toBeLessThan(bound);
        }
      }),
    );
  });

  it("finds old photos by content in whatever class they lie now", () => {
    const items = itemsOf([...Array(20)].map((_, i) => [i % 2, undefined] as const));
    const options = { ratios, seed: 3, classNames: namesOf(2) };
    const parts = splitSamples(items, options);
    const manifest = toSplitManifest(items, parts, [], options, () => "");
    const moved = items.map((item) => ({
      ...item,
      classIndex: 1 - item.classIndex,
      relativePath: `x/${item.relativePath}`,
    }));
    expect(keptParts(manifest, moved)).toEqual(sidesOf(items, parts));
  });
});
