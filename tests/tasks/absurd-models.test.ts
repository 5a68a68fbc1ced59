import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LayerDescription } from "../../src/core/description.ts";
import { writeKerasH5 } from "../../src/formats/keras/h5.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { predict } from "../../src/tasks/predict.ts";
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
const many = layer("ZeroPadding2D", "pad", { padding: [4000, 100] });
const wide = layer("ZeroPadding2D", "pad", { padding: [1e7, 1e7] });

/** A refusal, soon and without the memory that the file speaks of. */
describe("a model file that claims what no machine has", () => {
  it.each<[string, [number, number, number], LayerDescription[]]>([
    ["an input of 100,000 pixels a side", [100_000, 100_000, 3], [mean, dense]],
    ["an input beyond all numbers", [1e15, 1e15, 3], [mean, dense]],
    ["a frame of ten million pixels", [8, 8, 3], [wide, mean, dense]],
    ["more classes than there are people", [8, 8, 3], [many, layer("Flatten", "flatten")]],
    ["more units than weights", [8, 8, 3], [mean, layer("Dense", "dense", { units: 1e15 })]],
  ])("%s", async (name, inputShape, layers) => {
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
    expect(found).toMatchObject({ code: "model.too-large" });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
