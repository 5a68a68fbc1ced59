import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LayerDescription } from "../../src/core/description.ts";
import { buildModel } from "../../src/core/model.ts";
import { writeKerasH5 } from "../../src/formats/keras/h5.ts";
import { fromModelConfig, toModelConfig } from "../../src/formats/keras/model-config.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { predict } from "../../src/tasks/predict.ts";
import { InputError } from "../../src/util/errors.ts";
import { RandomStream } from "../../src/util/random.ts";
import { residualNetwork } from "../support/networks.ts";
import { makeScratch } from "./small-run.ts";

const scratch = await makeScratch();
const layer = (className: string, name: string, config: LayerDescription["config"] = {}) => ({
  className,
  name,
  config,
});
const weights = [
  { layer: "dense", name: "kernel", shape: [3, 2], values: new Float32Array(6) },
  { layer: "dense", name: "bias", shape: [2], values: new Float32Array(2) },
];
const mean = layer("GlobalAveragePooling2D", "mean");
const dense = layer("Dense", "dense", { units: 2, activation: "softmax" });
const wide = layer("ZeroPadding2D", "pad", {
  padding: [
    [1e7, 1e7],
    [1e7, 1e7],
  ],
});

/** An answer, or a refusal, soon and without the memory that the file speaks of. */
describe("a model file that claims what no machine has", () => {
  it.each<[string, [number, number, number], LayerDescription[], string]>([
    ["an input of 100,000 pixels a side", [100_000, 100_000, 3], [mean, dense], "model.bad-shape"],
    ["an input beyond all numbers", [1e15, 1e15, 3], [mean, dense], "model.bad-shape"],
    ["a frame of ten million pixels", [8, 8, 3], [wide, mean, dense], "memory.insufficient"],
    ["more classes than there are people", [8, 8, 3], [wide, layer("Flatten", "flatten")], "model.bad-shape"],
    ["more units than weights", [8, 8, 3], [mean, layer("Dense", "dense", { units: 1e15 })], "model.bad-"],
  ])("%s", async (name, inputShape, layers, code) => {
    const path = join(scratch, `${name}.h5`);
    await writeFile(
      path,
      Buffer.concat(writeKerasH5({ description: { name: "m", inputShape, layers }, weights })),
    );
    const photo = {
      name: "photo",
      bytes: await nodeMachine.encodePng({ width: 1, height: 1, pixels: new Uint8Array(3) }),
    };
    const start = performance.now();
    const found = await predict(nodeMachine, { model: path, photos: [photo] }).then(
      ({ predictions: [only] }) => ("error" in only ? only.error : undefined),
      (error: unknown) => error,
    );
    expect(found).toMatchObject({ code: expect.stringContaining(code) });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

const oddities = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  2 ** 53,
  "",
  "x",
  "__proto__",
  [],
  {},
  [null],
  [[-1, 1e9]],
  { class_name: "L" },
];

/** The same JSON with a value somewhere in it that is another thing, missing, or from elsewhere in it. */
function withOddity(random: RandomStream, json: unknown): unknown {
  const copy = structuredClone(json);
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      walk((value as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [holder, key] = places[random.nextInteger(places.length)];
  const [other, name] = places[random.nextInteger(places.length)];
  const kind = random.nextInteger(3);
  if (kind === 0) delete holder[key];
  else
    holder[key] = kind === 1 ? oddities[random.nextInteger(oddities.length)] : structuredClone(other[name]);
  return copy;
}

describe("a model's config with a thing that is not in its place", () => {
  it("2,000 times is a model or is refused", () => {
    const random = new RandomStream(2, "config", 0);
    const plain = toModelConfig(residualNetwork([16, 16, 3], 2));
    const inner = { ...plain, config: { ...plain.config, name: "inner" } };
    const nested = {
      class_name: "Sequential",
      config: {
        name: "outer",
        layers: [
          inner,
          ...toModelConfig({
            name: "head",
            inputShape: [1, 1, 2],
            layers: [layer("Flatten", "flat")],
          }).config.layers.slice(1),
        ],
      },
    };
    let refused = 0;
    for (const sound of [plain, nested]) buildModel(fromModelConfig(sound, "config").description);
    for (let round = 0; round < 2000; round++) {
      const start = performance.now();
      try {
        buildModel(fromModelConfig(withOddity(random, round % 2 ? plain : nested), "config").description);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        refused++;
      }
      expect(performance.now() - start).toBeLessThan(1000);
    }
    expect(refused).toBeGreaterThan(300);
  });
});
