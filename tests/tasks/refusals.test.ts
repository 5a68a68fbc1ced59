import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { readCsv } from "../../src/formats/csv.ts";
import { readKerasH5 } from "../../src/formats/keras/h5.ts";
import { readScalars } from "../../src/formats/tensorboard/read-events.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import type { Machine } from "../../src/tasks/machine.ts";
import { resume, train } from "../../src/tasks/train.ts";
import { InputError } from "../../src/util/errors.ts";
import { drawPhotos, filesBelow, improvingOptions, makeScratch, outcomeOf } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const options = { ...improvingOptions, epochs: 2 };

beforeAll(() => drawPhotos(photos, 2, 10));

describe("too little memory", () => {
  const withMemory = (bytes: number): Machine => ({ ...nodeMachine, availableMemory: () => bytes });

  it("is refused before anything is written, with the batch that fits", async () => {
    const out = join(scratch, "no memory");
    const trained = train(withMemory(700_000), { data: photos, out, ...options, batchSize: 20 });
    await expect(trained).rejects.toMatchObject({
      code: "memory.too-small",
      message: expect.stringMatching(
        /^Expected .* of memory for batches of 20, found 0\.0007 GB free; --batch-size \d+ fits$/,
      ),
    });
    expect(await nodeMachine.kindOf(out)).toBeUndefined();
    const [, fitting] = /batch-size (\d+) fits/.exec(String(await trained.catch(String)))!;
    const { ended } = await train(withMemory(700_000), {
      data: photos,
      out,
      ...options,
      batchSize: Number(fitting),
    });
    expect(ended).toBe("finished");
    const one = train(withMemory(700_000), { data: photos, ...options, batchSize: Number(fitting) + 1 });
    await expect(one).rejects.toMatchObject({ code: "memory.too-small" }); // it is the largest that fits
  });

  it("for a single photo asks for smaller ones", async () => {
    const out = join(scratch, "no memory at all");
    await expect(train(withMemory(1000), { data: photos, out, ...options })).rejects.toMatchObject({
      code: "memory.too-small",
      message: expect.stringContaining("choose a smaller --image-size"),
    });
    expect(await nodeMachine.kindOf(out)).toBeUndefined();
  });
});

describe("a run folder", () => {
  it("that holds something is refused, and left as it is", async () => {
    await expect(train(nodeMachine, { data: photos, out: photos, ...options })).rejects.toMatchObject({
      code: "run.exists",
      message: expect.stringContaining("a folder that is not empty"),
    });
    expect(await readdir(photos)).toEqual(["happy", "sad"]);
  });

  it("that is empty is taken", async () => {
    const out = join(scratch, "empty");
    await nodeMachine.makeFolder(out);
    expect((await train(nodeMachine, { data: photos, out, ...options, epochs: 1 })).folder).toBe(out);
  });
});

describe("a disk that is full", () => {
  const fullDisk = (path: string) =>
    new InputError("file.no-space", `Cannot write "${path}": the disk is full`);

  /** Notes what is written, and refuses the n-th writing. */
  function fullAt(nth: number) {
    const written: string[] = [];
    const writing = async <T>(path: string, write: () => Promise<T>) => {
      if (written.length === nth) throw fullDisk(path);
      const result = await write();
      written.push(nodeMachine.baseName(path));
      return result;
    };
    const machine: Machine = {
      ...nodeMachine,
      writeFile: (path, bytes) => writing(path, () => nodeMachine.writeFile(path, bytes)),
      stageFile: (path, bytes) => writing(path, () => nodeMachine.stageFile(path, bytes)),
      appendFile: (path, bytes) => writing(path, () => nodeMachine.appendFile(path, bytes)),
    };
    return { machine, written };
  }

  /** Reads a file by what its name says it is. */
  async function expectWhole(path: string): Promise<void> {
    const bytes = new Uint8Array(await readFile(path));
    const text = new TextDecoder().decode(bytes);
    if (path.endsWith(".json")) JSON.parse(text);
    else if (path.endsWith(".h5")) await readKerasH5(bytes);
    else if (path.endsWith(".csv")) expect(new Set(readCsv(text).map(({ length }) => length)).size).toBe(1);
    else if (path.includes("tfevents")) readScalars(bytes);
    else expect(text).toMatch(/^a picture, and .* it$/);
  }

  it("ends the run in one line wherever it comes; what was written is whole, and the run goes on", async () => {
    const straight = join(scratch, "straight");
    const { machine: watched, written: writes } = fullAt(Number.POSITIVE_INFINITY);
    await train(watched, { data: photos, out: straight, ...options });
    const expected = await outcomeOf(straight);
    // the last writing of each file: the second epoch's, for those that each epoch writes
    const names = [...new Set(writes)].filter((name) => !/^(accuracy|contact-sheet|loss\.png)/.test(name)); // one plot will do
    const moments = names.map((name) => writes.lastIndexOf(name));
    expect(moments.length).toBe(15);
    for (const moment of moments) {
      const out = join(scratch, `full at ${moment}`);
      const { machine, written } = fullAt(moment);
      await expect(train(machine, { data: photos, out, ...options })).rejects.toMatchObject({
        code: "file.no-space",
        message: expect.stringContaining("the disk is full"),
      });
      expect(written).toHaveLength(moment);
      const files = await filesBelow(out);
      expect([...new Set(files.map(nodeMachine.baseName))].sort()).toEqual([...new Set(written)].sort());
      for (const file of files) await expectWhole(join(out, file));
      if (!files.includes("last.h5")) continue;
      await resume(nodeMachine, { run: out });
      expect(await outcomeOf(out)).toEqual(expected);
    }
  });

  it("and says so when it is asked to keep what it has taken, costs no more than that epoch", async () => {
    const request = { data: photos, ...options, epochs: 3 };
    const straight = join(scratch, "three straight");
    await train(nodeMachine, { ...request, out: straight });
    for (const nth of [1, 2]) {
      const out = join(scratch, `full after ${nth} epochs`);
      let kept = 0;
      const machine: Machine = {
        ...nodeMachine,
        stageFile: async (path, bytes) => {
          const staged = await nodeMachine.stageFile(path, bytes);
          const fails = nodeMachine.baseName(path) === "last.h5" && kept++ === nth;
          const refuse = () => staged.drop().then(() => Promise.reject(fullDisk(path)));
          return fails ? { ...staged, settle: refuse } : staged;
        },
      };
      await expect(train(machine, { ...request, out })).rejects.toMatchObject({
        code: "file.no-space",
        message: expect.stringContaining(`go on with --resume "${out}"`),
      });
      expect((await filesBelow(out)).filter((file) => file.endsWith(".tmp"))).toEqual([]);
      await resume(nodeMachine, { run: out });
      expect(await outcomeOf(out)).toEqual(await outcomeOf(straight));
    }
  });
});
