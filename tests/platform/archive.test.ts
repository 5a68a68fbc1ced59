import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "../../src/data/source.ts";
import { openArchive } from "../../src/platform/node/archive/open.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";

const fixtures = fileURLToPath(new URL("../fixtures/archives", import.meta.url));
const fixture = (name: string) => join(fixtures, name);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const contentOf = (name: string) => `${name}\n`.repeat(200);
const refusal = (code: string, words: string) =>
  expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(words) });

const long = `${"n".repeat(246)}.jpg`;
const names = [
  "cats/1.jpg",
  "cats/deep/2 'quoted'.jpg",
  "dogs/line\nbreak.jpg",
  `dogs/${long}`,
  "dogs/🐶.jpg",
];

describe("what Python wrote", () => {
  it("is read from a zip: stored, deflated and zip64, without litter and links", async () => {
    const source = await openSource(nodePlatform, fixture("photos.zip"));
    expect(source.classNames).toEqual(["cats", "dogs"]);
    expect(source.samples.map(({ relativePath }) => relativePath)).toEqual(names);
    expect(source.skipped).toEqual([
      { relativePath: "dogs/link.jpg", reason: "neither a file nor a folder" },
    ]);
    for (const { path, relativePath } of source.samples) {
      expect(text(await source.platform.readFile(path))).toBe(contentOf(`photos/${relativePath}`));
      expect(text(await source.platform.readHead(path, 70))).toBe(
        text(new TextEncoder().encode(contentOf(`photos/${relativePath}`)).subarray(0, 70)),
      );
    }
    await source.close();
  });

  it.each(["pax.tar", "gnu.tar", "pax.tar.gz"])("is read from %s, hard links too", async (name) => {
    const source = await openSource(nodePlatform, fixture(name));
    const paths = source.samples.map(({ relativePath }) => relativePath);
    expect(paths).toEqual([...names.slice(0, 2), "dogs/hard.jpg", ...names.slice(2)]);
    expect(source.skipped.map(({ relativePath }) => relativePath)).toEqual(["dogs/soft.jpg"]);
    for (const { path, relativePath } of source.samples) {
      const content = contentOf(
        relativePath === "dogs/hard.jpg" ? "photos/cats/1.jpg" : `photos/${relativePath}`,
      );
      expect(text(await source.platform.readFile(path))).toBe(content);
      expect(text(await source.platform.readHead(path, 7))).toBe(content.slice(0, 7));
    }
    await source.close();
  });
});

describe("what nobody should write", () => {
  it.each([
    ["traversal.zip", "archive.unsafe-path", "../../b/2.jpg"],
    ["absolute.tar", "archive.unsafe-path", "/etc/2.jpg"],
    ["cut.zip", "archive.damaged", "cut.zip"],
    ["cut.tar", "archive.damaged", "cut.tar"],
    ["cut.tar.gz", "archive.damaged", "cut.tar.gz"],
    ["bomb.tar.gz", "archive.damaged", "no entry"],
  ])("is refused: %s", async (name, code, words) => {
    await expect(openSource(nodePlatform, fixture(name))).rejects.toEqual(refusal(code, words));
  });

  it.each([
    ["encrypted.zip", "archive.encrypted", '"a/1.jpg" encrypted'],
    ["method.zip", "archive.unsupported", "method 99"],
    ["larger-than-said.zip", "archive.damaged", "more than the 10 bytes"],
    ["huge.zip", "archive.too-large", '"a/1.jpg"'],
    ["flipped.zip", "archive.damaged", "checksum"],
  ])("is refused file by file: %s", async (name, code, words) => {
    const { samples, platform, close } = await openSource(nodePlatform, fixture(name));
    await expect(platform.readFile(samples[0].path)).rejects.toEqual(refusal(code, words));
    expect(text(await platform.readFile(samples[1].path))).toBe(contentOf("b/2.jpg"));
    await close();
  });

  it("is refused when it unpacks to far more than it is", async () => {
    const limits = { inMemory: 1000, ratio: 100, harmless: 100_000 };
    await expect(openArchive(fixture("bomb.tar.gz"), limits)).rejects.toEqual(
      refusal("archive.bomb", "100 times"),
    );
  });

  it.each([
    ["7z", "7z\xbc\xaf\x27\x1c", "7-Zip"],
    ["tar.xz", "\xfd7zXZ\0", "xz"],
    ["zip", "plain text", "found a file"],
  ])("is named where it is another kind: .%s", async (extension, content, words) => {
    const path = join(scratch, `file.${extension}`);
    await writeFile(path, Buffer.from(content, "latin1"));
    await expect(openSource(nodePlatform, path)).rejects.toMatchObject({
      message: expect.stringContaining(words),
    });
  });
});

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fovea-archive-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

it("a packed tar file larger than its memory goes through a file that leaves no name", async () => {
  const before = await readdir(tmpdir());
  const archive = await openArchive(fixture("pax.tar.gz"), { inMemory: 1000, ratio: 1000, harmless: 0 });
  const index = archive!.entries.findIndex(({ path }) => path.endsWith("cats/1.jpg"));
  expect(text(await archive!.read(index))).toBe(contentOf("photos/cats/1.jpg"));
  const left = (await readdir(tmpdir())).filter(
    (name) => name.startsWith(".fovea-") && !before.includes(name),
  );
  expect(left).toEqual([]);
  await archive!.close();
});

it("an archive's content counts, not its name", async () => {
  const path = join(scratch, "photos");
  await cp(fixture("photos.zip"), path);
  const source = await openSource(nodePlatform, path);
  expect(source.samples).toHaveLength(5);
  await source.close();
});
