import { cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { drawFacesInMemory } from "../../src/platform/node/draw.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import { resume, train } from "../../src/tasks/train.ts";
import type { TrainEvent } from "../../src/tasks/train-events.ts";
import type { GivenTrainOptions } from "../../src/tasks/train-options.ts";
import { drawPhotos, makeScratch, readJson, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");

beforeAll(() => drawPhotos(photos, 2, 10));

interface SplitFile {
  readonly path: string;
  readonly hash: string;
  readonly class: string;
  readonly part: string;
  readonly group?: string;
}

/** Trains for an epoch; gives the run's split and what was said. */
async function split(name: string, data: string, options: Partial<GivenTrainOptions> = {}) {
  const notices: string[] = [];
  const observe = (event: TrainEvent) => void (event.type === "notice" && notices.push(event.text));
  const out = join(scratch, name);
  await train(nodeMachine, { data, out, ...smallOptions, epochs: 1, ...options, observe });
  const { files, ratios } = (await readJson(out, "split.json")) as { files: SplitFile[]; ratios: number[] };
  const part = (wanted: string) =>
    files
      .filter((file) => file.part === wanted)
      .map(({ path }) => path)
      .sort();
  return { out, files, ratios, notices, part };
}

const refusal = (code: string) => expect.objectContaining({ name: "InputError", code });

describe("groups", () => {
  it("stay on one side, are written down and are told", async () => {
    const { files, notices } = await split("grouped", photos, { groupBy: "face (\\d)\\d" });
    const sides = new Map<string, Set<string>>();
    for (const { path, part, group } of files) {
      expect(group).toBe(/face (\d)\d/.exec(path)?.[1]);
      if (group !== undefined) sides.set(group, (sides.get(group) ?? new Set()).add(part));
    }
    expect([...sides].map(([, parts]) => parts.size)).toEqual([1]);
    expect(notices.join(" ")).toMatch(
      /10 photos in 1 groups, each on one side of the split; 10 photos belong to none/,
    );
  });
});

describe("near-duplicates", () => {
  const alike = join(scratch, "alike");

  /** Ten pictures a class, each with a copy that is brighter, smaller or mirrored. */
  beforeAll(async () => {
    const faces = await drawFacesInMemory({ count: 20, size: 96 });
    for (const [index, { image, mood }] of faces.entries()) {
      await mkdir(join(alike, mood), { recursive: true });
      const { width, height, pixels } = image;
      const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
      await picture
        .clone()
        .png()
        .toFile(join(alike, mood, `${index}.png`));
      const change = [picture.clone().resize(70), picture.clone().flop(), picture.clone().linear(0.9, 8)][
        index % 3
      ];
      await change.jpeg({ quality: 80 }).toFile(join(alike, mood, `${index} again.jpg`));
    }
  });

  const straddling = (files: readonly SplitFile[]) => {
    const sides = new Map<string, Set<string>>();
    for (const { path, part } of files) {
      const key = path.replace(/( again)?\.\w+$/, "");
      sides.set(key, (sides.get(key) ?? new Set()).add(part));
    }
    return [...sides.values()].filter(({ size }) => size > 1).length;
  };

  it("stay on one side, and are told", async () => {
    const { files, notices } = await split("alike run", alike);
    expect(straddling(files)).toBe(0);
    expect(notices.join(" ")).toMatch(
      /^40 photos in \d+ sets of near-duplicates, each on one side of the split/,
    );
  });

  it("are not looked for with --duplicates ignore, and are told where the split is somebody else's", async () => {
    const ignored = await split("ignored", alike, { duplicates: "ignore" });
    expect(straddling(ignored.files)).toBeGreaterThan(0);
    expect(ignored.notices).toEqual([]);
    const keras = await split("keras alike", alike, { split: "keras" });
    expect(straddling(keras.files)).toBeGreaterThan(0);
    expect(keras.notices.join(" ")).toMatch(/Near-duplicates, \d+ photos, lie on two sides of this split/);
  });

  it("are let go where a class has nothing else", async () => {
    const scene = join(scratch, "scene");
    await cp(join(alike, "happy"), join(scene, "happy"), { recursive: true });
    await mkdir(join(scene, "sad"));
    const [file] = (await readdir(join(alike, "sad"))).filter((name) => name.endsWith(".png"));
    for (let i = 0; i < 10; i++) {
      const frame = sharp(join(alike, "sad", file)).linear(1, i);
      await frame.png().toFile(join(scene, "sad", `frame ${i}.png`));
    }
    const { files, notices } = await split("scene run", scene);
    expect(straddling(files.filter(({ class: name }) => name === "happy"))).toBe(0);
    expect(new Set(files.filter(({ class: name }) => name === "sad").map(({ part }) => part)).size).toBe(3);
    expect(notices.join(" ")).toContain('Too few photos of "sad" are independent of each other');
  });
});

it("a single group of all photos is refused: nothing would be left to choose an epoch by", async () => {
  await expect(split("one group", photos, { groupBy: "face" })).rejects.toEqual(refusal("split.empty-part"));
});

describe("photos with their parts", () => {
  it("are taken as they are, from folders", async () => {
    const folder = join(scratch, "parts");
    const moved = { train: [0, 6], valid: [6, 8], TEST: [8, 10] } as const;
    for (const name of ["happy", "sad"]) {
      const files = (await readdir(join(photos, name))).sort();
      for (const [part, [from, to]] of Object.entries(moved)) {
        await mkdir(join(folder, part, name), { recursive: true });
        for (const file of files.slice(from, to))
          await cp(join(photos, name, file), join(folder, part, name, file));
      }
    }
    const all = await split("as they are", folder);
    expect([all.part("train").length, all.part("validation").length, all.part("test").length]).toEqual([
      12, 4, 4,
    ]);
    expect(all.part("test").every((path) => path.startsWith("TEST/"))).toBe(true);
    expect(all.files[0].class).toBe("happy");
    expect(all.notices.join(" ")).toContain("taken as they are");
    await expect(split("refused", folder, { split: "keras" })).rejects.toEqual(refusal("split.given-twice"));
    await rename(join(folder, "valid"), join(scratch, "not there"));
    const two = await split("validation from train", folder);
    expect([two.part("train").length, two.part("validation").length, two.part("test").length]).toEqual([
      9, 3, 4,
    ]);
    expect(two.part("validation").every((path) => path.startsWith("train/"))).toBe(true);
    expect(two.notices.join(" ")).toContain("3 photos of the training photos are taken for it");
    await rename(join(folder, "TEST"), join(scratch, "no test"));
    await rename(join(scratch, "not there"), join(folder, "val"));
    await cp(join(folder, "train", "sad"), join(folder, "val", "sad"), { recursive: true });
    const leaking = await split("no test part", folder);
    expect(leaking.part("test")).toEqual([]);
    expect(leaking.notices.join(" ")).toContain("without a test part");
    expect(leaking.notices.join(" ")).toContain("12 photos lie byte for byte on two sides");
    const { part } = await evaluate(nodeMachine, { model: leaking.out, data: folder });
    expect(part).toBe("all");
  });

  it("are taken from a manifest, whose other photos are dealt out", async () => {
    const rows = await Promise.all(
      ["happy", "sad"].map(async (name) =>
        (await readdir(join(photos, name)))
          .sort()
          .map((file, i) => `${name}/${file},${name},${i < 2 ? "test" : ""}`),
      ),
    );
    await writeFile(
      join(photos, "list.csv"),
      ["path,label,split", ...rows.flat(), "happy/gone.png,happy,"].join("\n"),
    );
    const { part, files, out } = await split("from a manifest", join(photos, "list.csv"));
    expect(part("test")).toHaveLength(4);
    expect(part("train").length + part("validation").length).toBe(16);
    expect(files.at(-1)).toMatchObject({ path: "happy/gone.png", class: "happy", part: "excluded" });
    const { evaluation } = await evaluate(nodeMachine, { model: out });
    expect(evaluation).toEqual(await readJson(out, "metrics.json"));
    await resume(nodeMachine, { run: out, epochs: 2 });
  });
});

describe("--split", () => {
  it("keras has no test part and goes on after a stop", async () => {
    const { part, ratios, notices, out } = await split("keras", photos, { split: "keras:0.25" });
    expect([part("train").length, part("validation").length, part("test").length]).toEqual([15, 5, 0]);
    expect(ratios).toEqual([75, 25, 0]);
    expect(notices.join(" ")).toContain("image_dataset_from_directory(validation_split=0.25, seed=5)");
    await resume(nodeMachine, { run: out, epochs: 2 });
    expect(await nodeMachine.kindOf(join(out, "metrics.json"))).toBeUndefined();
  });

  it("with a run keeps the part of each photo that it knows, and deals out new ones", async () => {
    const before = await split("before", photos);
    const more = join(scratch, "more photos");
    await drawPhotos(more, 2, 20);
    const same = await split("same", photos, { split: before.out, seed: 99 });
    expect(same.files).toEqual(before.files);
    const after = await split("after", more, { split: join(before.out, "split.json"), seed: 99 });
    const partOf = new Map(before.files.map(({ hash, part }) => [hash, part]));
    const known = after.files.filter(({ hash }) => partOf.has(hash));
    expect(known).toHaveLength(20);
    expect(known.filter(({ hash, part }) => partOf.get(hash) !== part)).toEqual([]);
    expect([after.part("train").length, after.part("validation").length, after.part("test").length]).toEqual([
      28, 8, 4,
    ]);
    expect(after.notices.join(" ")).toMatch(
      /20 photos keep the part of the earlier split; 20 photos are new: \d+ to train/,
    );
    await expect(split("none", photos, { split: "runs/none" })).rejects.toEqual(refusal("split.not-found"));
    await writeFile(join(scratch, "bad.json"), "{}");
    await expect(split("bad", photos, { split: join(scratch, "bad.json") })).rejects.toEqual(
      refusal("split.bad-manifest"),
    );
  });

  it("in another run keeps its answer when the other run is gone", async () => {
    const config = JSON.parse(await readFile(join(scratch, "after", "config.json"), "utf8"));
    expect(config.options.split).toBe(join(scratch, "before", "split.json"));
    await rename(join(scratch, "before"), join(scratch, "moved"));
    expect((await resume(nodeMachine, { run: join(scratch, "after"), epochs: 2 })).ended).toBe("finished");
  });
});
