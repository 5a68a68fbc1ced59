import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { create } from "tar";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { evaluate } from "../../src/tasks/evaluate.ts";
import { predict } from "../../src/tasks/predict.ts";
import { resume, train } from "../../src/tasks/train.ts";
import { drawPhotos, makeScratch, outcomeOf, readJson, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const packed = join(scratch, "photos.tar.gz");
const run = join(scratch, "run");

beforeAll(async () => {
  await drawPhotos(photos, 2, 10);
  await create({ gzip: true, file: packed, cwd: scratch }, ["photos"]);
  await train(nodeMachine, { data: packed, out: run, ...smallOptions, epochs: 2 });
});

describe("an archive", () => {
  it("trains to the same bits as the folder that was packed", async () => {
    const straight = join(scratch, "straight");
    await train(nodeMachine, { data: photos, out: straight, ...smallOptions, epochs: 2 });
    expect(await outcomeOf(run)).toEqual(await outcomeOf(straight));
  });

  it("is evaluated and resumed", async () => {
    expect((await evaluate(nodeMachine, { model: run })).evaluation).toEqual(
      await readJson(run, "metrics.json"),
    );
    expect((await resume(nodeMachine, { run, epochs: 3 })).ended).toBe("finished");
  });

  it("is predicted, photo by photo, beside others", async () => {
    const [file] = await readdir(join(photos, "happy"));
    const one = join(photos, "happy", file);
    const { predictions } = await predict(nodeMachine, {
      model: run,
      photos: [packed, one, join(scratch, "none.zip")],
    });
    expect(predictions).toHaveLength(22);
    const inArchive = predictions.find(({ photo }) => photo === join(packed, "photos", "happy", file));
    expect({ ...inArchive, photo: one }).toEqual(predictions[20]);
    expect(predictions[21]).toMatchObject({ error: { code: "file.not-found" } });
  });
});
