import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { type CheckResult, check } from "../../src/tasks/check.ts";
import { drawSpoiltFolder, spoilt } from "../support/check-folder.ts";
import { makeScratch } from "./small-run.ts";

const scratch = await makeScratch();
const photos = join(scratch, "photos");
let result: CheckResult;

beforeAll(async () => {
  await drawSpoiltFolder(photos);
  result = await check(nodeMachine, { data: photos });
}, 60_000);

const findingOf = ({ findings }: CheckResult, code: string) =>
  findings.find((finding) => finding.code === code);

/** Every file below a folder, with its content and when it was changed. */
async function snapshot(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const lines = entries
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const hash = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
      return `${path} ${hash} ${(await stat(path)).mtimeMs}`;
    });
  return (await Promise.all(lines)).sort();
}

describe("what is planted", () => {
  it.each(Object.entries(spoilt))("is found, and nothing else: %s", (code, files) => {
    const finding = findingOf(result, code);
    expect(finding?.cases.flatMap((each) => each.files)).toEqual([...files]);
    expect(finding?.files).toBe(files.length);
    expect(finding?.message).toMatch(/train/);
  });

  it("is all that is found", () => {
    expect(result.findings.map(({ code }) => code).sort()).toEqual(Object.keys(spoilt).sort());
  });

  it("is counted", () => {
    expect(result).toMatchObject({ files: 66, usable: 62, excluded: 4 });
    expect(result.classes).toEqual([
      { name: "happy", files: 33, usable: 32, different: 31 },
      { name: "sad", files: 32, usable: 30, different: 30 },
    ]);
    for (const { code, effect } of result.findings) {
      expect([code, effect]).toEqual([
        code,
        /^(image\.(empty|unsup|cut)|file)/.test(code) ? "excluded" : "used",
      ]);
    }
  });

  it("comes with what is so", () => {
    const detailOf = (code: string) => findingOf(result, code)?.cases[0].detail;
    expect(detailOf("image.cut-short")).toMatch(/ends too early; the upper [456]\d % of it decode$/);
    expect(detailOf("image.unsupported")).toContain("found text");
    expect(detailOf("file.skipped")).toContain("leads nowhere");
    expect(detailOf("image.several-frames")).toBe("2 frames");
    expect(detailOf("data.misnamed")).toBe("named as JPEG, but its content is PNG");
    expect(detailOf("duplicate.in-two-classes")).toBe('"happy" and "sad"');
    expect(detailOf("duplicate.near")).toMatch(/^similarity 0\.9\d\d, mirrored$/);
    expect(detailOf("image.transparent")).toMatch(/^(49|50) % of it look otherwise over white$/);
    expect(detailOf("odd.tiny")).toBe("20x20");
    expect(detailOf("odd.extreme-aspect")).toBe("400x80, 5.0 to 1");
  });

  it("is the same whoever looks, and nothing is touched", async () => {
    const before = await snapshot(photos);
    expect(await check({ ...nodeMachine, cores: 1 }, { data: photos })).toEqual(result);
    expect(await snapshot(photos)).toEqual(before);
  });
});

describe("classes", () => {
  it("that are too small, lopsided or named alike are told", async () => {
    const folder = join(scratch, "classes");
    const sizes = { Cat: 2, " cat": 5, dog: 22 };
    for (const [name, size] of Object.entries(sizes)) {
      await mkdir(join(folder, name), { recursive: true });
      for (let i = 0; i < size; i++) {
        const from =
          name === "dog"
            ? `happy/face ${2 * i}.png`
            : `sad/face ${2 * i + 1 + (name === "Cat" ? 10 : 20)}.png`;
        await cp(join(photos, from), join(folder, name, `${i}.png`));
      }
    }
    const found = await check(nodeMachine, { data: folder });
    const detailsOf = (code: string) => findingOf(found, code)?.cases.map(({ detail }) => detail);
    expect(detailsOf("class.too-small")).toEqual(['2 photos in "Cat"']);
    expect(findingOf(found, "class.too-small")?.effect).toBe("refused");
    expect(detailsOf("class.small")).toEqual(['5 photos in " cat"']);
    expect(detailsOf("class.imbalance")).toEqual([
      '22 photos in "dog", 2 photos in "Cat": 11.0 times as many',
    ]);
    expect(detailsOf("class.similar-names")).toEqual(['" cat", "Cat"']);
  });
});

describe("a split that is there", () => {
  const files = ["happy/face 0.png", "happy/face 2.png", "happy/copy of 2.png", "sad/face 1.png"];

  it("leaks where the same picture lies in two of its folders", async () => {
    const folder = join(scratch, "split");
    for (const [part, names] of [
      ["train", ["happy/face 0.png", "happy/face 2.png", "sad/face 1.png", "sad/face 3.png"]],
      ["test", ["happy/copy of 2.png", "happy/face 6.png", "sad/face 5.png", "sad/mirrored 0.jpg"]],
    ] as const) {
      for (const name of names) await cp(join(photos, name), join(folder, part, name));
    }
    const leak = findingOf(await check(nodeMachine, { data: folder }), "split.leak");
    expect(leak?.cases.map((each) => [...each.files].sort())).toEqual([
      ["test/happy/copy of 2.png", "train/happy/face 2.png"],
      ["test/sad/mirrored 0.jpg", "train/happy/face 0.png"],
    ]);
    expect(leak?.cases[0].detail).toMatch(/"train" and "test"|"test" and "train"/);
  });

  it("leaks where the same picture lies in two parts of an earlier run", async () => {
    const hashOf = async (path: string) =>
      createHash("sha256")
        .update(await readFile(join(photos, path)))
        .digest("hex");
    const entry = async (path: string, part: string) => ({
      path,
      hash: await hashOf(path),
      class: path.split("/")[0],
      part,
    });
    const manifest = {
      seed: 1,
      ratios: [70, 20, 10],
      classes: ["happy", "sad"],
      files: [
        await entry(files[0], "train"),
        await entry("sad/mirrored 0.jpg", "test"),
        await entry(files[3], "validation"),
      ],
    };
    const run = join(scratch, "run");
    await mkdir(run);
    await writeFile(join(run, "split.json"), JSON.stringify(manifest));
    const found = await check(nodeMachine, { data: photos, splitOf: run });
    expect(findingOf(found, "split.leak")?.cases).toEqual([
      { files: ["happy/face 0.png", "sad/mirrored 0.jpg"], detail: '"train" and "test"' },
    ]);
  });

  it("must be there", async () => {
    await expect(
      check(nodeMachine, { data: photos, splitOf: join(scratch, "no run") }),
    ).rejects.toMatchObject({ code: "split.not-found" });
  });
});

describe("the page", () => {
  it("shows what was found, in one file that needs no other", async () => {
    const html = join(scratch, "check.html");
    expect((await check(nodeMachine, { data: photos, html })).html).toBe(html);
    const page = await readFile(html, "utf8");
    for (const { code, title } of result.findings) {
      expect(page).toContain(`id="${code}"`);
      expect(page).toContain(title);
    }
    expect(page.match(/<img src="data:image\/jpeg;base64,\/9j\//g)?.length).toBe(20);
    expect(page.replaceAll(/data:image\/jpeg;base64,[\w+/=]*/g, "")).not.toMatch(/(?:src|href)="(?!#)[^"]/);
    await check(nodeMachine, { data: photos, html }); // over one of its own
  });

  it("is written over no other file, and not among the photos", async () => {
    const taken = join(scratch, "taken.html");
    await writeFile(taken, "mine");
    const refused = (html: string) => expect(check(nodeMachine, { data: photos, html })).rejects;
    await refused(taken).toMatchObject({ code: "check.html-exists" });
    await refused(scratch).toMatchObject({ code: "check.html-exists" });
    await refused(join(photos, "check.html")).toMatchObject({ code: "run.inside-photos" });
    expect(await readFile(taken, "utf8")).toBe("mine");
  });
});

describe("the work", () => {
  it("says how far it is, and stops when told to", async () => {
    const controller = new AbortController();
    const steps: string[] = [];
    const stopped = check(nodeMachine, {
      data: photos,
      signal: controller.signal,
      onProgress: ({ step, done, total }) => {
        steps.push(`${step} ${done}/${total}`);
        if (done === 5) controller.abort();
      },
    });
    await expect(stopped).rejects.toThrow("aborted");
    expect(steps.slice(0, 5)).toEqual([1, 2, 3, 4, 5].map((done) => `reading ${done}/65`));
    expect(steps.length).toBeLessThan(12);
  });

  it("goes on where a file vanishes meanwhile", async () => {
    const folder = join(scratch, "vanishing");
    await cp(photos, folder, { recursive: true, filter: (path) => !path.includes("nowhere") });
    const list = async (path: string) => {
      const entries = await nodeMachine.list(path);
      if (path.endsWith("sad")) await rm(join(folder, "sad/snow.png"));
      return entries;
    };
    const found = await check({ ...nodeMachine, list }, { data: folder });
    expect(findingOf(found, "file.unreadable")?.cases.map((each) => each.files)).toEqual([["sad/snow.png"]]);
  });
});
