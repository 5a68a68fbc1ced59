import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kerasFiles, kerasSplit } from "../../src/data/keras-split.ts";
import { scanFolder } from "../../src/data/scan.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";

interface Split {
  readonly validationSplit: number;
  readonly seed: number;
  readonly training: string[];
  readonly validation: string[];
}

const golden = JSON.parse(
  readFileSync(new URL("../fixtures/keras-split/splits.json", import.meta.url), "utf8"),
) as { files: string[]; splits: Split[] };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-keras-"));
  for (const file of golden.files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "");
  }
  await symlink(join(folder, "nowhere"), join(folder, "dogs", "dead.jpg"));
  await symlink(join(folder, "cats", "deep"), join(folder, "dogs", "linked.jpg"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("kerasSplit", () => {
  it.each(golden.splits)("gives Keras's files for validation_split=$validationSplit, seed=$seed", async ({
    validationSplit,
    seed,
    training,
    validation,
  }) => {
    const { samples, skipped } = await scanFolder(nodePlatform, folder, undefined, kerasFiles);
    const parts = kerasSplit(samples.length, validationSplit, seed);
    const of = (part: string) =>
      samples.filter((_, index) => parts[index] === part).map(({ relativePath }) => relativePath);
    expect(of("train")).toEqual([...training].sort(asListed(samples)));
    expect(of("validation")).toEqual([...validation].sort(asListed(samples)));
    expect(skipped.map(({ relativePath }) => relativePath)).toEqual([
      "cats/note.txt",
      "dogs/linked.jpg",
      "dogs/photo.tiff",
      "dogs/photo.webp",
    ]);
  });

  it("refuses seeds that NumPy refuses, and too few images", () => {
    expect(() => kerasSplit(10, 0.2, 2 ** 32)).toThrow(expect.objectContaining({ code: "split.bad-seed" }));
    expect(() => kerasSplit(4, 0.2, 1)).toThrow(expect.objectContaining({ code: "data.too-few-images" }));
    expect(kerasSplit(5, 0.2, 1).filter((part) => part === "validation")).toHaveLength(1);
  });
});

function asListed(samples: readonly { relativePath: string }[]) {
  const places = new Map(samples.map(({ relativePath }, index) => [relativePath, index]));
  return (a: string, b: string) => places.get(a)! - places.get(b)!;
}
