import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scanFolder } from "../../src/data/scan.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-scan-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), "x");
  }
}

const refusal = (code: string, text: string) =>
  expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(text) });

describe("scanFolder", () => {
  it("finds classes and files in Keras's order and skips what is hidden", async () => {
    // Keras 3.15 lists the visible ones of these in this order (index_directory with shuffle=False).
    const inOrder = [
      "B/b.txt",
      "B/ä.png",
      "a/10.jpg",
      "a/9.jpg",
      "a/sub/1.jpg",
      "a/sub-2/0",
      "a/sub/deep/1.jpg",
    ];
    await write(...inOrder, ".hidden/1.jpg", "a/.DS_Store", "a/.thumbs/1.jpg", "readme.txt");
    const { classNames, samples, skipped } = await scanFolder(nodePlatform, folder);
    expect(classNames).toEqual(["B", "a"]);
    expect(samples.map(({ relativePath }) => relativePath)).toEqual(inOrder);
    expect(samples.map(({ classIndex }) => classIndex)).toEqual([0, 0, 1, 1, 1, 1, 1]);
    expect(samples[0].path).toBe(join(folder, "B", "b.txt"));
    expect(skipped).toEqual([]);
  });

  it("keeps a class without files, as Keras does", async () => {
    await write("a/1");
    await mkdir(join(folder, "b"));
    expect((await scanFolder(nodePlatform, folder)).classNames).toEqual(["a", "b"]);
  });

  it("follows links to files and classes, not those inside a class that lead to folders", async () => {
    await write("a/1", "elsewhere/.keep", "b/2");
    await symlink(join(folder, "b"), join(folder, "c"));
    await symlink(join(folder, "b", "2"), join(folder, "a", "file-link"));
    await symlink(join(folder, "a"), join(folder, "a", "loop"));
    await symlink(join(folder, "nothing"), join(folder, "a", "dead"));
    const { samples, skipped } = await scanFolder(nodePlatform, folder);
    expect(samples.map(({ relativePath }) => relativePath)).toEqual(["a/1", "a/file-link", "b/2", "c/2"]);
    expect(skipped).toEqual([
      { relativePath: "a/dead", reason: "a link that leads nowhere" },
      { relativePath: "a/loop", reason: "a link to a folder is not followed" },
    ]);
  });

  it("refuses what is no data folder", async () => {
    await write("file", "flat/1", "flat/2", "one/only/1", "nested/data/a/1", "nested/data/b/1");
    const scan = (name: string) => scanFolder(nodePlatform, join(folder, name));
    await expect(scan("none")).rejects.toEqual(refusal("data.no-such-folder", join(folder, "none")));
    await expect(scan("file")).rejects.toEqual(refusal("data.not-a-folder", "found a file"));
    await expect(scan("flat")).rejects.toEqual(refusal("data.no-classes", "2 files"));
    await expect(scan("one")).rejects.toEqual(refusal("data.one-class", 'only "only"'));
    await expect(scan("nested")).rejects.toEqual(
      refusal("data.one-class", `Did you mean "${join(folder, "nested", "data")}"?`),
    );
  });

  it.skipIf(process.getuid?.() === 0)("refuses a class that may not be read (skipped for root)", async () => {
    await write("a/1", "b/1");
    await chmod(join(folder, "b"), 0);
    await expect(scanFolder(nodePlatform, folder)).rejects.toEqual(refusal("file.no-permission", "b"));
    await chmod(join(folder, "b"), 0o700);
  });

  it("stops when it is told to", async () => {
    await write("a/1", "b/1");
    await expect(scanFolder(nodePlatform, folder, AbortSignal.abort())).rejects.toThrow("aborted");
  });
});
