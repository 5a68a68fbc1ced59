import { readFileSync } from "node:fs";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { describe, expect, it } from "vitest";
import { buildModel } from "../../src/core/model.ts";
import { inferenceProgram } from "../../src/core/programs.ts";
import { alone } from "../../src/formats/model-files.ts";
import { readModelFile } from "../../src/formats/table.ts";
import { readZip, writeZip } from "../../src/formats/zip.ts";
import { matchWeights } from "../../src/tasks/classifier.ts";
import { InputError } from "../../src/util/errors.ts";
import { RandomStream } from "../../src/util/random.ts";
import { mutate } from "../support/mutate.ts";
import { mutateJson } from "../support/mutate-json.ts";

/** `FOVEA_MUTATIONS=2000 FOVEA_MUTATION_SEED=2 npx vitest run tests/formats/mutated-models` looks further, and says what it cost. */
const count = Number(process.env.FOVEA_MUTATIONS ?? 300);
const seed = Number(process.env.FOVEA_MUTATION_SEED ?? 1);
/** Processor time: another process may hold this one up. */
const LONGEST_S = 5;
const LARGEST_MIB = 500;

const folder = new URL("../fixtures/formats/", import.meta.url);
const files = ["keras2-adam.h5", "keras2-residual.h5", "keras3-adam.keras", "keras3-residual.keras"].map(
  (name) => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, folder))) }),
);

/** What becomes of a file: "read", or the code of the refusal. Any other error fails the test. */
async function outcome(bytes: Uint8Array): Promise<string> {
  try {
    const saved = await readModelFile(alone(bytes));
    const model = buildModel(saved.description);
    matchWeights(model, saved.weights);
    inferenceProgram(model, { batchSize: 1 });
    return "read";
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).not.toMatch(/\n {4}at /);
    return error.code;
  }
}

const cost = { seconds: 0, mebibytes: 0 };

async function measured(bytes: Uint8Array): Promise<string> {
  const [before, resident] = [process.cpuUsage(), process.memoryUsage().rss];
  const found = await outcome(bytes);
  const { user, system } = process.cpuUsage(before);
  cost.seconds = Math.max(cost.seconds, (user + system) / 1e6);
  cost.mebibytes = Math.max(cost.mebibytes, (process.memoryUsage().rss - resident) / 2 ** 20);
  expect(cost.seconds).toBeLessThan(LONGEST_S);
  expect(cost.mebibytes).toBeLessThan(LARGEST_MIB);
  return found;
}

/** A `.keras` with another config. */
async function withConfig(bytes: Uint8Array, change: (config: string) => string): Promise<Uint8Array> {
  const parts = await readZip(bytes, ["config.json", "metadata.json", "model.weights.h5"]);
  const config = change(new TextDecoder().decode(parts.get("config.json")));
  return writeZip(
    new Map([...parts].map(([name, part]) => [name, [name === "config.json" ? config : part]])),
  );
}

async function mutation(index: number): Promise<Uint8Array> {
  const random = new RandomStream(seed, "models", index);
  const { name, bytes } = files[index % files.length];
  const other = files[random.nextInteger(files.length)].bytes;
  const inside = name.endsWith(".keras") && random.next() < 0.7;
  if (!inside) return mutate(random, bytes, other);
  if (random.next() < 0.5) return withConfig(bytes, (config) => mutateJson(random, config));
  const parts = await readZip(bytes, ["config.json", "metadata.json", "model.weights.h5"]);
  const [part, content] = [...parts][random.nextInteger(parts.size)];
  // past the zip's checksums
  return writeZip(
    new Map([...parts, [part, mutate(random, content, other)] as const].map(([n, p]) => [n, [p]])),
  );
}

describe("model files that are not sound", () => {
  it(
    `${count} mutated ones are read or refused, at little cost`,
    async () => {
      const tally = new Map<string, number>();
      for (let index = 0; index < count; index++) {
        const found = await measured(await mutation(index));
        tally.set(found, (tally.get(found) ?? 0) + 1);
      }
      if (count > 300) console.log({ ...Object.fromEntries(tally), ...cost });
      // a test in which all were alike would be none
      for (const code of ["read", "model.damaged"]) expect(tally.get(code)).toBeGreaterThan(count / 20);
      expect(tally.get("model.bad-layer")).toBeGreaterThan(count / 100);
    },
    Math.max(60_000, count * 1000),
  );

  it.each(files)("$name is refused wherever it is cut", async ({ bytes }) => {
    for (let length = 0; length < bytes.length; length += 1024)
      expect([length, await measured(bytes.subarray(0, length))]).not.toContain("read");
  });
});

type Layer = { class_name: string; config: Record<string, unknown> };
type Config = { config: { layers: Layer[] } };

const [, , { bytes: sound }] = files;
const changed = (change: (config: Config) => void) =>
  withConfig(sound, (json) => {
    const config = JSON.parse(json) as Config;
    change(config);
    return JSON.stringify(config);
  });
const behindInput = (className: string, config: Record<string, unknown>) =>
  changed(({ config: { layers } }) => {
    layers.splice(1, 0, { class_name: className, config: { name: "odd", ...config } });
  });

describe("absurd models are refused", () => {
  it.each([
    ["units", behindInput("Dense", { units: 2 ** 31 })],
    ["filters", behindInput("Conv2D", { filters: 2 ** 31, kernel_size: 3 })],
    ["a kernel", behindInput("Conv2D", { filters: 1, kernel_size: 2 ** 31, padding: "same" })],
    ["a pool", behindInput("MaxPooling2D", { pool_size: 2 ** 31, padding: "same", strides: 1 })],
    ["an enlargement", behindInput("UpSampling2D", { size: 2 ** 20 })],
    ["an enlargement that fits its limits", behindInput("UpSampling2D", { size: 2 ** 15 })],
    ["zeros", behindInput("ZeroPadding2D", { padding: 2 ** 40 })],
    [
      "an input",
      changed(({ config: { layers } }) => {
        layers[0].config.batch_shape = [null, 2 ** 30, 2 ** 30, 3];
      }),
    ],
    ["a reshape", behindInput("Reshape", { target_shape: new Array(100_000).fill(1) })],
    ["a normalisation", behindInput("Normalization", { mean: new Array(1_000_000).fill(1), variance: 1 })],
    [
      "a million layers",
      changed(({ config: { layers } }) => {
        for (let i = 0; i < 1_000_000; i++) layers.push({ class_name: "ReLU", config: { name: `r${i}` } });
      }),
    ],
    [
      "a hundred thousand layers",
      changed(({ config: { layers } }) => {
        for (let i = 0; i < 100_000; i++) layers.push({ class_name: "ReLU", config: { name: `r${i}` } });
      }),
    ],
    [
      "deep settings",
      withConfig(sound, (json) =>
        json.replace('"config"', `"config": ${"[".repeat(1e6)}${"]".repeat(1e6)}, "config"`),
      ),
    ],
    [
      "a deep setting",
      withConfig(sound, (json) =>
        json.replace('"trainable"', `"odd": ${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}, "trainable"`),
      ),
    ],
  ])("%s", async (_, bytes) => {
    const found = await measured(await bytes);
    expect(found).toMatch(/^model\./);
  });

  it.each([
    "config.json",
    "model.weights.h5",
  ])("a zip whose %s unpacks to 64 MiB of nothing", async (bomb) => {
    const parts = await readZip(sound, ["config.json", "model.weights.h5"]);
    const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
    for (const [name, part] of parts)
      await writer.add(name, new Uint8ArrayReader(name === bomb ? new Uint8Array(2 ** 26).fill(32) : part));
    const bytes = await writer.close();
    expect(bytes.length).toBeLessThan(200_000);
    expect(await measured(bytes)).toMatch(/^model\.(damaged|not-hdf5)$/);
  });

  it("a layer of an unknown class is named, and its place", async () => {
    const bytes = await behindInput("Transformer", {});
    await expect(readModelFile(alone(bytes))).rejects.toMatchObject({
      code: "model.unknown-layer",
      message: expect.stringMatching(/Layer "odd", number 1 of 9, is of an unknown class "Transformer"/),
    });
  });
});
