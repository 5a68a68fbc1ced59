import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { LayerDescription, ModelDescription } from "../../src/core/description.ts";
import { lossFor } from "../../src/core/losses.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { inferenceProgram, trainingProgram } from "../../src/core/programs.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { firstDifference } from "../support/keras-fixture.ts";
import { prepareRun } from "../support/run-program.ts";

const layer = (
  className: string,
  config: Record<string, unknown> = {},
  ...inputs: string[]
): LayerDescription => ({
  className,
  name: className.toLowerCase(),
  config,
  ...(inputs.length > 0 && { inputs }),
});

/** Layers that record what others are made of: a kernel with zeros between, one in shares, slopes seen as rows, an image cut to size. */
const description: ModelDescription = {
  name: "elsewhere",
  inputShape: [9, 10, 3],
  layers: [
    layer("Cropping2D", {
      cropping: [
        [1, 2],
        [0, 1],
      ],
    }),
    layer("Conv2D", { filters: 6, kernelSize: 3, padding: "same", groups: 3, dilationRate: 2 }),
    layer("PReLU", { alphaInitializer: "ones" }),
    { ...layer("PReLU", { sharedAxes: [1, 2], alphaInitializer: "ones" }), name: "shared" },
    layer("DepthwiseConv2D", { kernelSize: 3, padding: "same", dilationRate: [1, 2] }),
    layer("Multiply", {}, "shared", "depthwiseconv2d"),
    layer("UpSampling2D"),
    { ...layer("Cropping2D", { cropping: 1 }), name: "again" },
    { ...layer("Conv2D", { filters: 2, kernelSize: 3, padding: "same", activation: "relu" }), name: "last" },
    layer("GlobalMaxPooling2D"),
    layer("Dense", { units: 1, activation: "sigmoid" }),
  ],
};

const model = buildModel(description);
const images = Float32Array.from({ length: 2 * 9 * 10 * 3 }, (_, i) => Math.sin(i * i));
const weights = initialWeights(model, 3);

function begin(state: Float32Array) {
  model.weights.forEach(({ offset }, i) => {
    state.set(weights[i], offset);
  });
}

describeEachBackend("layers that models from elsewhere have, in one model", (backend) => {
  it("predict the same fused and unfused", async () => {
    const [plain, fused] = await Promise.all(
      [false, true].map(async (fused) => {
        const run = prepareRun(backend, inferenceProgram(model, { batchSize: 2, fused }));
        begin(run.state);
        return (await run.run({ images })).predictions;
      }),
    );
    expect(firstDifference(fused, plain, { relative: 1e-5, absolute: 1e-6 })).toBeUndefined();
    expect(fused[0]).not.toBeCloseTo(fused[1], 3);
  });

  it("learn the same as on the reference, every weight of them", async () => {
    const optimizer = createOptimizer("SGD", { learningRate: 0.5 });
    const [expected, found] = await Promise.all(
      [
        { on: referenceBackend, fused: false },
        { on: backend, fused: true },
      ].map(async ({ on, fused }) => {
        const run = prepareRun(on, trainingProgram(model, lossFor(1), optimizer, { batchSize: 2, fused }));
        begin(run.state);
        await run.run({ images, labels: Float32Array.of(0, 1), settings: Float32Array.of(0.5) });
        return run.state.slice();
      }),
    );
    expect(firstDifference(found, expected, { relative: 1e-5, absolute: 1e-6 })).toBeUndefined();
    for (const [i, { offset, layer: name, name: weight }] of model.weights.entries())
      expect(found.slice(offset, offset + weights[i].length), `${name}/${weight}`).not.toEqual(weights[i]);
  });
});

describe("what drops or varies while training", () => {
  const withLayer = (className: string, config: Record<string, unknown>) =>
    buildModel({ name: "m", inputShape: [4, 5, 3], layers: [layer(className, config)] });

  it.each([
    ["channels", "SpatialDropout2D", { rate: 0.5 }, 3],
    ["images", "Dropout", { rate: 0.5, noiseShape: [null, 1, 1, 1] }, 1],
  ])("drops whole %s", async (_, className, config, decisions) => {
    const one = withLayer(className, config);
    const program = trainingProgram(
      buildModel({
        ...one.description,
        layers: [...one.description.layers, layer("GlobalAveragePooling2D"), layer("Dense", { units: 1 })],
      }),
      lossFor(1),
      createOptimizer("SGD"),
      { batchSize: 8, fused: false },
    );
    const dropped = program.nodes.find(({ operation }) => operation === "scaleChannels")!;
    const mask = program.nodes.find(({ operation }) => operation === "dropout")!;
    expect(mask.outputs[0].shape.reduce((a, b) => a * b)).toBe(8 * decisions);
    expect(dropped.inputs[1].buffer).toBe(mask.outputs[0].buffer);
  });

  it("is not trained where Fovea has no such noise", () => {
    const noisy = withLayer("GaussianNoise", { stddev: 1 });
    expect(() => inferenceProgram(noisy, { batchSize: 1 })).not.toThrow();
    expect(() => trainingProgram(noisy, lossFor(1), createOptimizer("SGD"), { batchSize: 1 })).toThrow(
      expect.objectContaining({
        code: "model.cannot-train",
        message: expect.stringContaining("GaussianNoise"),
      }),
    );
  });
});
