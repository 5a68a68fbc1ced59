import { describe, expect, it } from "vitest";
import { type DrawnFile, encodings, planFiles } from "../../src/demo/drawn-files.ts";
import { type Mood, moods } from "../../src/demo/person.ts";

const files = planFiles(400, 1);

describe("planFiles", () => {
  it("plans the same files for the same seed", () => {
    expect(planFiles(400, 1)).toEqual(files);
    expect(planFiles(400, 2)).not.toEqual(files);
  });

  it.each([0, 1, 2, 7, 60, 401])("splits %i pictures evenly over the classes", (count) => {
    const planned = planFiles(count, 1);
    expect(planned).toHaveLength(count);
    const [happy, sad] = moods.map((mood) => planned.filter((file) => file.mood === mood).length);
    expect(Math.abs(happy - sad)).toBeLessThanOrEqual(1);
  });

  it("uses every encoding equally often in both classes", () => {
    expect(encodingCounts("happy")).toEqual(encodingCounts("sad"));
    expect(Object.keys(encodingCounts("happy")).sort()).toEqual(Object.keys(encodings).sort());
  });

  it("draws every face once, each under a name of its own", () => {
    expect(new Set(files.map(({ index }) => index)).size).toBe(400);
    expect(new Set(files.map(({ mood, name }) => `${mood}/${name}`)).size).toBe(400);
  });

  it("never tells the class by the name, and keeps the sizes alike", () => {
    expect(files.some(({ name }) => /happy|sad/i.test(name))).toBe(false);
    const [happy, sad] = moods.map((mood) => meanLogArea(files.filter((file) => file.mood === mood)));
    expect(Math.abs(happy - sad)).toBeLessThan(0.35); // the standard error of the difference is 0.15
  });

  it("keeps costly encodings small", () => {
    for (const { encoding, size } of files) {
      expect(Math.max(size.width, size.height)).toBeLessThanOrEqual(encodings[encoding].largestSide);
    }
  });
});

function encodingCounts(mood: Mood): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const file of files) {
    if (file.mood === mood) counts[file.encoding] = (counts[file.encoding] ?? 0) + 1;
  }
  return counts;
}

function meanLogArea(some: readonly DrawnFile[]): number {
  return some.reduce((sum, { size }) => sum + Math.log(size.width * size.height), 0) / some.length;
}
