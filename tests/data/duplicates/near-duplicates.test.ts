import { beforeAll, describe, expect, it } from "vitest";
import { type Fingerprint, fingerprintOf } from "../../../src/data/duplicates/fingerprint.ts";
import { findNearDuplicates } from "../../../src/data/duplicates/near-duplicates.ts";
import type { RgbImage } from "../../../src/data/image.ts";
import { decodeImage } from "../../../src/platform/node/decode.ts";
import { drawFacesInMemory } from "../../../src/platform/node/draw.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { changePhoto, drawChange, type PhotoChange } from "../../support/change-photo.ts";

const FACES = 120;
const PLANTED = 60;

let faces: RgbImage[] = [];

beforeAll(async () => {
  faces = (await drawFacesInMemory({ count: FACES, size: 160, seed: 5 })).map(({ image }) => image);
});

const changed = async (image: RgbImage, change: PhotoChange) =>
  fingerprintOf(await decodeImage(await changePhoto(image, change)));
const unchanged: PhotoChange = { scale: 1, crop: [0, 0, 0, 0], mirrored: false, brightness: 1, quality: 90 };

describe("findNearDuplicates", () => {
  it("finds planted pictures, and nothing else", async () => {
    const planted = faces.slice(0, PLANTED).map((face, i) => changed(face, drawChange(1, i)));
    const fingerprints = [...faces.map(fingerprintOf), ...(await Promise.all(planted))];
    const pairs = (await findNearDuplicates(fingerprints)).flatMap((group) => group.pairs);
    const right = pairs.filter(({ first, second }) => second === first + FACES);
    expect(right.length / PLANTED).toBeGreaterThanOrEqual(0.95);
    expect(right.length / pairs.length).toBeGreaterThanOrEqual(0.98);
    for (const { first, mirrored } of right) expect(mirrored).toBe(drawChange(1, first).mirrored);
  });

  it.each<[string, Partial<PhotoChange>]>([
    ["half the size", { scale: 0.5 }],
    ["compressed to nearly nothing", { quality: 40 }],
    ["mirrored", { mirrored: true }],
    ["cropped on all sides", { crop: [0.08, 0.08, 0.08, 0.08] }],
    ["cropped on one side", { crop: [0, 0.08, 0, 0] }],
    ["darker", { brightness: 0.85 }],
    ["brighter", { brightness: 1.15 }],
  ])("finds a picture that is %s", async (_, change) => {
    const copies = await Promise.all(
      faces.slice(0, 20).map((face) => changed(face, { ...unchanged, ...change })),
    );
    const groups = await findNearDuplicates([...faces.map(fingerprintOf), ...copies]);
    const found = groups.filter(({ members: [a, b] }) => b === a + FACES);
    expect(found.length).toBeGreaterThanOrEqual(19);
    expect(groups.length).toBe(found.length);
  });

  it("groups what hangs together, copies too, and says by which pairs", async () => {
    const [a, b, c] = faces.map(fingerprintOf);
    const mirrored = await changed(faces[1], { ...unchanged, mirrored: true });
    const groups = await findNearDuplicates([a, b, c, mirrored, a, a]);
    expect(groups.map(({ members }) => members)).toEqual([
      [0, 4, 5],
      [1, 3],
    ]);
    expect(groups[0].pairs).toEqual([
      { first: 0, second: 4, similarity: 1, mirrored: false },
      { first: 0, second: 5, similarity: 1, mirrored: false },
    ]);
    expect(groups[1].pairs).toEqual([
      { first: 1, second: 3, similarity: expect.any(Number), mirrored: true },
    ]);
    expect(groups[1].pairs[0].similarity).toBeGreaterThan(0.97);
  });

  it("calls no two even areas the same, and needs no picture at all", async () => {
    const even = [10, 10, 200].map((value) => ({ grey: new Uint8Array(1024).fill(value) }));
    expect(await findNearDuplicates(even)).toEqual([]);
    expect(await findNearDuplicates([])).toEqual([]);
    expect(await findNearDuplicates([fingerprintOf(faces[0])])).toEqual([]);
  });

  it("is stricter the higher the similarity asked for", async () => {
    const copy = await changed(faces[0], drawChange(1, 0));
    const both = [fingerprintOf(faces[0]), copy];
    expect(await findNearDuplicates(both, { similarity: 0.9 })).toHaveLength(1);
    expect(await findNearDuplicates(both, { similarity: 1.01 })).toEqual([]);
  });

  it("tells how far it is and stops when told to", async () => {
    const fingerprints = drawnAtRandom(600);
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number, total: number) => {
      expect(total).toBe(600);
      seen.push(done);
      if (done === 300) controller.abort();
    };
    await expect(findNearDuplicates(fingerprints, { onProgress, signal: controller.signal })).rejects.toThrow(
      "aborted",
    );
    expect(seen.at(-1)).toBe(300);
  });

  it("keeps its pace among a crowd of pictures alike", async () => {
    const base = drawnAtRandom(1)[0].grey; // one level of one pixel apart
    const crowd = Array.from({ length: 700 }, (_, i) => ({
      grey: base.map((value, at) => (at === i ? value ^ 1 : value)),
    }));
    const [group, ...others] = await findNearDuplicates(crowd);
    expect(others).toEqual([]);
    expect(group.members).toHaveLength(700);
  });
});

/** Blots, no two alike. */
function drawnAtRandom(count: number): Fingerprint[] {
  const random = new RandomStream(3, "blots", 0);
  return Array.from({ length: count }, () => {
    const blots = Array.from({ length: 12 }, () => [
      32 * random.next(),
      32 * random.next(),
      random.nextNormal(),
    ]);
    const grey = Uint8Array.from({ length: 1024 }, (_, i) => {
      const height = blots.reduce(
        (sum, [x, y, h]) => sum + h * Math.exp(-(((i % 32) - x) ** 2 + ((i >> 5) - y) ** 2) / 30),
        0,
      );
      return Math.max(0, Math.min(255, 128 + 60 * height));
    });
    return { grey };
  });
}
