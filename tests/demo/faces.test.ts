import { describe, expect, it } from "vitest";
import { describeFace, faceSize } from "../../src/demo/faces.ts";
import { moods } from "../../src/demo/person.ts";

const indexes = Array.from({ length: 400 }, (_, index) => index);

describe("describeFace", () => {
  it("gives the same face for the same seed, index and mood, and another for any other", () => {
    const face = describeFace(7, 3, "happy");
    expect(describeFace(7, 3, "happy")).toEqual(face);
    expect(describeFace(8, 3, "happy").svg).not.toBe(face.svg);
    expect(describeFace(7, 4, "happy").svg).not.toBe(face.svg);
    expect(describeFace(7, 3, "sad").svg).not.toBe(face.svg);
  });

  it("lets the mood change the face and nothing else", () => {
    for (const index of indexes.slice(0, 50)) {
      const [happy, sad] = moods.map((mood) => describeFace(1, index, mood));
      expect({ ...sad, svg: "" }).toEqual({ ...happy, svg: "" });
      expect(shareOfElementsInBoth(happy.svg, sad.svg)).toBeGreaterThan(0.55);
    }
  });

  it("writes numbers only: nothing is undefined or NaN", () => {
    for (const index of indexes)
      expect(describeFace(2, index, "sad").svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("draws at the size that is asked for", () => {
    const face = describeFace(1, 0, "happy", { width: 48, height: 32 });
    expect(face).toMatchObject({ width: 48, height: 32 });
    expect(face.svg).toContain('width="48.00" height="32.00" viewBox="0 0 384 256"');
  });
});

describe("faceSize", () => {
  it("spreads the longer side evenly over the octaves from 64 to 2000 pixels", () => {
    const longer = indexes.map((index) => Math.max(...Object.values(faceSize(1, index))));
    expect(Math.min(...longer)).toBeGreaterThanOrEqual(64);
    expect(Math.max(...longer)).toBeLessThanOrEqual(2000);
    for (const octave of [64, 128, 256, 512]) {
      const share = longer.filter((side) => side >= octave && side < 2 * octave).length / longer.length;
      expect(share).toBeGreaterThan(0.13);
      expect(share).toBeLessThan(0.28);
    }
  });

  it("gives square, portrait and landscape pictures, and no side under 64 pixels", () => {
    const sizes = indexes.map((index) => faceSize(3, index));
    expect(sizes.every(({ width, height }) => Math.min(width, height) >= 64)).toBe(true);
    const shapes = new Set(sizes.map(({ width, height }) => Math.sign(width - height)));
    expect([...shapes].sort()).toEqual([-1, 0, 1]);
  });
});

/** How many of the first picture's elements stand in the second one letter for letter. */
function shareOfElementsInBoth(one: string, other: string): number {
  const present = new Set(other.split("<"));
  const elements = one.split("<");
  return elements.filter((element) => present.has(element)).length / elements.length;
}
