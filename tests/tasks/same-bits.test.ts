import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { chooseBackend } from "../../src/backends/choose.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { train } from "../../src/tasks/train.ts";
import { drawPhotos, makeScratch, outcomeOf, readJson, smallOptions } from "./small-run.ts";

vi.mock("../../src/tasks/pictures.ts", () => import("./quick-pictures.ts"));

const scratch = await makeScratch();
const photos = join(scratch, "photos");
const trainInto = (name: string, options = {}) =>
  train(nodeMachine, { data: photos, out: join(scratch, name), ...smallOptions, ...options });

let first: Awaited<ReturnType<typeof outcomeOf>>;

beforeAll(async () => {
  await drawPhotos(photos);
  await trainInto("first");
  first = await outcomeOf(join(scratch, "first"));
});

describe("the same data, options and seed", () => {
  it("give the same bits in a second run", async () => {
    await trainInto("second");
    expect(await outcomeOf(join(scratch, "second"))).toEqual(first);
  });

  it.each([1, 2, 3, 8])("give them on %i threads", async (threads) => {
    const { backend } = await chooseBackend("auto");
    if (backend.name !== "native") return console.warn("SKIPPED: only the native backend has threads");
    vi.stubEnv("FOVEA_THREADS", String(threads));
    const out = join(scratch, `threads ${threads}`);
    await trainInto(`threads ${threads}`);
    vi.unstubAllEnvs();
    expect((await readJson(out, "config.json")).backend).toContain(`${threads} thread`);
    expect(await outcomeOf(out)).toEqual(first);
  });

  it("give them with however many files in work at once", async () => {
    const machine = { ...nodeMachine, cores: 1 };
    await train(machine, { data: photos, out: join(scratch, "one core"), ...smallOptions });
    expect(await outcomeOf(join(scratch, "one core"))).toEqual(first);
  });
});

describe("another seed", () => {
  it.each([
    6,
    smallOptions.seed + 2 ** 32,
  ])("such as %i gives another split and other weights", async (seed) => {
    const name = `seed ${seed}`;
    await trainInto(name, { seed, epochs: 1 });
    const other = await outcomeOf(join(scratch, name));
    expect(other.split.files).not.toEqual(first.split.files);
    expect(other.best.weights).not.toEqual(first.best.weights);
    expect(other.history[1]).not.toEqual(first.history[1]);
  });
});
