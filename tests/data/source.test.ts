import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kerasFiles } from "../../src/data/keras-split.ts";
import { openSource, type SourceOptions } from "../../src/data/source.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fovea-source-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), path);
  }
}

const open = (name: string, options?: SourceOptions) => openSource(nodePlatform, join(folder, name), options);
const refusal = (code: string, text: string) =>
  expect.objectContaining({ name: "InputError", code, message: expect.stringContaining(text) });

describe("folders that are split already", () => {
  it.each([
    ["train", "val", "test"],
    ["Train", "VALID", "Test"],
    ["TRAIN", "Validation", "tesT"],
  ])("are read with their parts: %s, %s, %s", async (train, validation, test) => {
    await write(`${train}/b/1`, `${train}/a/2`, `${validation}/a/3`, `${test}/b/deep/4`, "readme.txt");
    const { classNames, samples } = await open(".");
    expect(classNames).toEqual(["a", "b"]);
    const found = samples.map(({ relativePath, classIndex, part }) => [relativePath, classIndex, part]);
    expect(new Set(found)).toEqual(
      new Set([
        [`${train}/a/2`, 0, "train"],
        [`${train}/b/1`, 1, "train"],
        [`${validation}/a/3`, 0, "validation"],
        [`${test}/b/deep/4`, 1, "test"],
      ]),
    );
  });

  it("may lack a part; classes that are only called so are classes", async () => {
    await write("two/train/a/1", "two/train/b/2", "two/test/a/3", "names/train/1", "names/test/2");
    const two = await open("two");
    expect(two.samples.map(({ part }) => part)).toEqual(["test", "train", "train"]);
    const { classNames, samples } = await open("names");
    expect(classNames).toEqual(["test", "train"]);
    expect(samples.map(({ part }) => part)).toEqual([undefined, undefined]);
  });

  it("are refused where it is not clear what they mean", async () => {
    await write("mixed/train/a/1", "mixed/test/a/1", "mixed/unlabelled/1");
    await write("twice/train/a/1", "twice/val/a/1", "twice/Valid/a/1");
    await write("lone/train/a/1", "lone/train/b/1", "lone/test/c/1");
    await write("one/train/a/1", "one/test/a/1");
    await expect(open("mixed")).rejects.toEqual(refusal("data.mixed-parts", '"unlabelled"'));
    await expect(open("twice")).rejects.toEqual(refusal("data.two-of-a-part", '"Valid" and "val"'));
    await expect(open("lone")).rejects.toEqual(refusal("data.class-not-in-train", '"test/c"'));
    await expect(open("one")).rejects.toEqual(refusal("data.one-class", 'only "a"'));
  });
});

describe("a manifest", () => {
  it("names photos from its own folder on, or wherever they are", async () => {
    await write("photos/x y.jpg", "tables/empty");
    await writeFile(
      join(folder, "tables", "list.csv"),
      `path,label,split,group\n../photos/x y.jpg,b,train,g\n${join(folder, "photos", "z.jpg")},a,Val,\n`,
    );
    const { classNames, samples, platform } = await open("tables/list.csv");
    expect(classNames).toEqual(["a", "b"]);
    expect(samples).toEqual([
      {
        path: join(folder, "photos", "x y.jpg"),
        relativePath: "../photos/x y.jpg",
        classIndex: 1,
        part: "train",
        group: "g",
      },
      {
        path: join(folder, "photos", "z.jpg"),
        relativePath: join(folder, "photos", "z.jpg"),
        classIndex: 0,
        part: "validation",
      },
    ]);
    const bytes = await platform.readFile(samples[0].path);
    expect(new TextDecoder().decode(bytes)).toBe("photos/x y.jpg");
  });

  it("is refused with one label, and for Keras's split", async () => {
    await writeFile(join(folder, "list.jsonl"), '{"path":"1","label":"a"}\n');
    await expect(open("list.jsonl")).rejects.toEqual(refusal("data.one-class", '"a"'));
    await expect(open("list.jsonl", { rule: kerasFiles })).rejects.toEqual(
      refusal("split.keras-needs-folders", "list.jsonl"),
    );
    await expect(open("none.csv")).rejects.toEqual(refusal("data.no-such-folder", "none.csv"));
  });
});

describe("groups", () => {
  const groupsOf = async (name: string, groupBy: string) =>
    (await open(name, { groupBy })).samples.map(({ group }) => group);

  it("are what a pattern finds in the path, or its first group in brackets", async () => {
    await write(
      "faces/happy/S010_001.png",
      "faces/sad/S010_002.png",
      "faces/sad/S2.png",
      "faces/sad/other.png",
    );
    expect(await groupsOf("faces", "S\\d+")).toEqual(["S010", "S010", "S2", undefined]);
    expect(await groupsOf("faces", "S(\\d+)_")).toEqual(["010", "010", undefined, undefined]);
    await expect(groupsOf("faces", "(")).rejects.toEqual(refusal("group.bad-pattern", '"("'));
    await expect(groupsOf("faces", "T\\d")).rejects.toEqual(refusal("group.no-match", "happy/S010_001.png"));
  });

  it("are a column of a manifest, or what a pattern finds there", async () => {
    await writeFile(join(folder, "list.csv"), "path,label,person\nA1,x,p\nA2,y,q\nB1,x,p\n");
    expect(await groupsOf("list.csv", "person")).toEqual(["p", "q", "p"]);
    expect(await groupsOf("list.csv", "^[AB]")).toEqual(["A", "A", "B"]);
    await expect(groupsOf("list.csv", "persons")).rejects.toEqual(
      refusal("group.no-match", "path, label, person"),
    );
  });
});
