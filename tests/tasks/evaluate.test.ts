import { linkSync, mkdirSync, readdirSync } from "node:fs";
import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import { train } from "../../src/tasks/train.ts";
import { InputError } from "../../src/util/errors.ts";
import { drawPhotos, makeScratch, readJson, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const run = join(scratch, "run");

beforeAll(async () => {
  await drawPhotos(photos, 2, 10);
  await train(nodeMachine, { data: photos, out: run, ...smallOptions, epochs: 1 });
});

describe("another folder", () => {
  it("may lack a class of the model, which then has no image", async () => {
    const onlySad = join(scratch, "only sad");
    await cp(join(photos, "sad"), join(onlySad, "sad"), { recursive: true });
    await cp(join(photos, "happy"), join(onlySad, "happy"), { recursive: true });
    const all = await evaluate(nodeMachine, { model: run, data: onlySad });
    await rm(join(onlySad, "happy"), { recursive: true });
    // one folder is one class too few for a scan, so an empty one stands in
    await nodeMachine.makeFolder(join(onlySad, "happy"));
    const { evaluation, part } = await evaluate(nodeMachine, { model: run, data: onlySad });
    expect(part).toBe("all");
    expect(evaluation.classes.map(({ name, images }) => [name, images])).toEqual([
      ["happy", 0],
      ["sad", 10],
    ]);
    expect(evaluation.confusionMatrix).toEqual([[0, 0], all.evaluation.confusionMatrix[1]]);
    expect(evaluation.classes[1]!.recall).toEqual(all.evaluation.classes[1]!.recall);
  });

  it("may hold more photos than are decoded first: each is when its turn comes, and a damaged one is left out", async () => {
    const many = join(scratch, "many");
    const files = ["happy", "sad"].flatMap((name) =>
      readdirSync(join(photos, name)).map((file) => join(name, file)),
    );
    for (let copy = 0; copy < 51; copy++) {
      for (const name of ["happy", "sad"]) mkdirSync(join(many, name, `${copy}`), { recursive: true });
      for (const file of files) {
        linkSync(join(photos, file), join(many, dirname(file), `${copy}`, basename(file)));
      }
    }
    const whole = await readFile(join(photos, files[0]!));
    await writeFile(join(many, "sad", "cut.png"), whole.subarray(0, whole.length / 2));
    const few = await evaluate(nodeMachine, { model: run, data: photos });
    const steps: number[] = [];
    const onProgress = (done: number) => steps.push(done);
    const { evaluation, problems } = await evaluate(nodeMachine, { model: run, data: many, onProgress });
    expect(evaluation.confusionMatrix).toEqual(
      few.evaluation.confusionMatrix.map((row) => row.map((count) => count * 51)),
    );
    const cut = problems.filter(({ excluded }) => excluded);
    expect(cut.map(({ relativePath }) => relativePath)).toEqual(["sad/cut.png"]);
    expect([steps[0], steps.at(-1)]).toEqual([32, 1021]);
  });

  it("must not have a class that the model does not know", async () => {
    const other = join(scratch, "other");
    await cp(photos, other, { recursive: true });
    await cp(join(photos, "sad"), join(other, "angry"), { recursive: true });
    await expect(evaluate(nodeMachine, { model: run, data: other })).rejects.toMatchObject({
      code: "evaluate.unknown-class",
      message: expect.stringContaining('found "angry"'),
    });
  });
});

describe("photos that made the model", () => {
  const evaluated = async (request: Parameters<typeof evaluate>[1]) => {
    const { seen, notices, part } = await evaluate(nodeMachine, request);
    return { seen, part, said: notices.join(" ") };
  };

  it("are counted by content, whatever they are called, also for the model's file in its run", async () => {
    const moved = join(scratch, "moved");
    await cp(join(photos, "sad"), join(moved, "sad", "deeper"), { recursive: true });
    await cp(join(photos, "happy"), join(moved, "happy"), { recursive: true });
    for (const model of [run, join(run, "model.h5")]) {
      const { seen, said } = await evaluated({ model, data: moved });
      expect(seen).toEqual({ train: 14, validation: 4, test: 2 });
      expect(said).toContain("Of these 20 photos, 14 were trained on and 4 chose the best epoch");
    }
  });

  it("are not known for a file that has left its run", async () => {
    const copy = join(scratch, "alone.h5");
    await cp(join(run, "model.h5"), copy);
    expect(await evaluated({ model: copy, data: photos })).toEqual({ part: "all", said: "" });
  });

  it("are counted each time that test photos are among them, in the run", async () => {
    const own = join(scratch, "own");
    await cp(run, own, { recursive: true });
    await rm(join(own, "test-uses.jsonl"), { force: true });
    const first = await evaluated({ model: own });
    expect(first).toMatchObject({ part: "test", seen: { train: 0, validation: 0, test: 2 } });
    expect(first.said).toBe("");
    expect((await evaluated({ model: own, data: photos })).said).toContain("judged 2 times");
    const lines = (await readFile(join(own, "test-uses.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).images)).toEqual([2, 2]);
  });

  it("are judged though nothing can be written down", async () => {
    const appendFile = () => Promise.reject(new InputError("file.no-permission", "it may only be read"));
    const { notices, evaluation } = await evaluate({ ...nodeMachine, appendFile }, { model: run });
    expect(evaluation.images).toBe(2);
    expect(notices.join(" ")).toContain("could not be written down: it may only be read");
  });
});

describe("a run's test part", () => {
  /** Evaluates the run and counts the photos that were read and those that were decoded for it. */
  async function evaluateCounting() {
    let decoded = 0;
    const read = new Set<string>();
    const readHead = (file: string, length: number) => {
      if (file.startsWith(photos)) read.add(file);
      return nodeMachine.readHead(file, length);
    };
    const decode = (bytes: Uint8Array) => {
      decoded++;
      return nodeMachine.decode(bytes);
    };
    const { evaluation } = await evaluate({ ...nodeMachine, decode, readHead }, { model: run });
    return { evaluation, decoded, read: read.size };
  }

  it("is judged as training judged it, and no other photo is read", async () => {
    const metrics = await readJson(run, "metrics.json");
    expect(await evaluateCounting()).toEqual({
      evaluation: metrics,
      decoded: metrics.images,
      read: metrics.images,
    });
  });

  it("is found by content where a photo has another name now", async () => {
    const metrics = await readJson(run, "metrics.json");
    const { files } = await readJson(run, "split.json");
    const { path } = files.find(({ part }: { part: string }) => part === "test");
    await rename(join(photos, path), join(photos, `${path}.renamed`));
    const { evaluation, decoded, read } = await evaluateCounting();
    await rename(join(photos, `${path}.renamed`), join(photos, path));
    expect(evaluation).toEqual(metrics);
    expect({ decoded, read }).toEqual({ decoded: 20, read: 20 });
  });

  it("does not exist for a model file", async () => {
    await expect(evaluate(nodeMachine, { model: join(run, "model.h5") })).rejects.toMatchObject({
      code: "evaluate.no-data",
    });
  });

  it("does not exist where the split leaves none", async () => {
    const out = join(scratch, "no test");
    const options = { ...smallOptions, epochs: 1, split: "70,30,0" };
    const result = await train(nodeMachine, { data: photos, out, ...options });
    expect(result).not.toHaveProperty("evaluation");
    expect(await nodeMachine.kindOf(join(out, "metrics.json"))).toBeUndefined();
    await expect(evaluate(nodeMachine, { model: out })).rejects.toMatchObject({ code: "evaluate.no-data" });
  });

  it("is refused when the photos have changed", async () => {
    const spoiled = join(scratch, "spoiled");
    await cp(run, spoiled, { recursive: true });
    const { files } = await readJson(run, "split.json");
    const { path } = files.find(({ part }: { part: string }) => part === "test");
    const copy = join(scratch, "photos of spoiled");
    await cp(photos, copy, { recursive: true });
    await rm(join(copy, path));
    const config = await readJson(run, "config.json");
    await nodeMachine.writeFile(join(spoiled, "config.json"), JSON.stringify({ ...config, data: copy }));
    await expect(evaluate(nodeMachine, { model: spoiled })).rejects.toMatchObject({
      code: "split.data-changed",
      message: expect.stringContaining(path),
    });
  });
});

it("an output folder that is taken is left alone", async () => {
  await expect(evaluate(nodeMachine, { model: run, out: run })).rejects.toMatchObject({ code: "run.exists" });
});
