import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../../src/backends/reference/reference.ts";
import { buildModel } from "../../../src/core/model.ts";
import { describeNetwork } from "../../../src/core/networks/table.ts";
import { findByName, wantedWeights } from "../../../src/formats/keras/find-weights.ts";
import { isWholeModel } from "../../../src/formats/saved-model.ts";
import { readWeightsFile } from "../../../src/formats/table.ts";
import { RandomStream } from "../../../src/util/random.ts";
import { mobileNetInTensorflowJs } from "../../support/mobilenet-tfjs.mjs";
import { predictInTensorflowJs, saveInTensorflowJs } from "../../support/tensorflow-js.ts";
import { predictWith } from "../predict-with.ts";

const random = new RandomStream(8, "mobilenet", 0);
const numbers = (count: number, scale: number, offset = 0) =>
  Float32Array.from({ length: count }, () => offset + scale * (2 * random.nextFloat32() - 1));

/** Weights by which the features neither vanish nor all reach the 6 of ReLU. */
function drawWeight({ shape, name }: { shape: readonly number[]; name: string }): tf.Tensor {
  const count = shape.reduce((product, side) => product * side, 1);
  const fan = count / shape[name.includes("depthwise") ? 2 : shape.length - 1];
  const values = name.endsWith("kernel") ? numbers(count, Math.sqrt(6 / fan)) : numbers(count, 0.3, 0.5);
  return tf.tensor(values, [...shape]);
}

describe("MobileNet v1", () => {
  it.each([
    ["0.25", 475_544],
    ["0.5", 1_342_536],
    ["0.75", 2_601_976],
    ["1", 4_253_864],
  ])("by %s has the parameters that keras.applications gives it", (alpha, count) => {
    const model = buildModel(describeNetwork(`mobilenet-v1-${alpha}`, [224, 224, 3], 1000));
    expect(model.parameterCount).toBe(count);
  });

  it("predicts what TensorFlow.js predicts, with weights from a model.json without topology", async () => {
    await tf.setBackend("cpu");
    const inputShape = [67, 75, 3] as const;
    const theirs = mobileNetInTensorflowJs(0.25, inputShape, 5);
    theirs.setWeights(
      theirs.weights.map(({ shape, originalName }) =>
        drawWeight({ shape: shape as number[], name: originalName }),
      ),
    );
    const saved = await saveInTensorflowJs(theirs);
    const json = { ...JSON.parse(new TextDecoder().decode(saved.bytes)), modelTopology: null };
    const source = { ...saved, bytes: new TextEncoder().encode(JSON.stringify(json)) };
    const read = await readWeightsFile(source);
    if (isWholeModel(read)) throw new Error("Expected weights alone");
    const description = describeNetwork("mobilenet-v1-0.25", inputShape, 5);
    const tree = description.layers.map(({ className, name }) => ({ className, name, layer: name }));
    const wanted = wantedWeights(buildModel(description), tree);
    const found = findByName(
      wanted,
      read.weights.map(({ layer, name }) => `${layer}/${name}`),
    )!;
    const byName = new Map(read.weights.map((record) => [`${record.layer}/${record.name}`, record]));
    const weights = wanted.map(({ layer, name }, i) => ({ ...byName.get(found[i])!, layer, name }));
    const images = numbers(2 * 67 * 75 * 3, 1);
    const ours = await predictWith(referenceBackend, { description, weights }, images);
    const expected = predictInTensorflowJs(theirs, images, inputShape);
    expect(new Set(expected).size).toBe(10); // a network that says the same of everything proves nothing
    ours.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
    });
  });
});
