import { expect, it } from "vitest";
import type { DirectoryEntry } from "../../src/data/platform.ts";
import { scanFolder } from "../../src/data/scan.ts";
import { splitSamples } from "../../src/data/split.ts";

/** Twenty classes of 5000 files, where no disk is asked. */
const CLASSES = 20;
const FILES = 5000;
const tree = {
  join: (...parts: string[]) => parts.join("/"),
  kindOf: async () => "directory" as const,
  list: async (folder: string): Promise<DirectoryEntry[]> =>
    folder === "/photos"
      ? Array.from({ length: CLASSES }, (_, i) => ({ name: `class ${i}`, kind: "directory" }))
      : Array.from({ length: FILES }, (_, i) => ({ name: `${i}.jpg`, kind: "file" })),
};

/** See bench/large-folder.mjs for a million: what is quadratic would take minutes here. */
it("a hundred thousand photos are found and split in a moment", { timeout: 20_000 }, async () => {
  const { samples, classNames } = await scanFolder(tree, "/photos");
  expect(samples).toHaveLength(CLASSES * FILES);
  const items = samples.map((sample, i) => ({
    ...sample,
    hash: String((i * 7919) % 104_729).padStart(64, "0"),
  }));
  const parts = splitSamples(items, { ratios: [70, 20, 10], seed: 1, classNames });
  expect([parts.train.length, parts.validation.length, parts.test.length]).toEqual([70_000, 20_000, 10_000]);
});
