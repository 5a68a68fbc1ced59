import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/core/backend.ts";
import { isConstantNode } from "../../src/core/constants.ts";
import type { ModelDescription } from "../../src/core/description.ts";
import { categoricalCrossentropy } from "../../src/core/losses.ts";
import { buildModel, initialWeights, type Model } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import type { Program } from "../../src/core/program.ts";
import { inferenceProgram, trainingProgram } from "../../src/core/programs.ts";
import { Session } from "../../src/core/session.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount } from "../../src/util/shapes.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { firstDifference } from "../support/keras-fixture.ts";
import { depthwiseNetwork, residualNetwork } from "../support/networks.ts";
import { prepareRun } from "../support/run-program.ts";

const networks: readonly (readonly [string, ModelDescription])[] = [
  ["the report's", reportNetwork([31, 30, 3], 4)],
  ["a residual one with batch normalisation", residualNetwork([16, 13, 3], 4)],
  ["a depthwise one with batch normalisation", depthwiseNetwork([18, 20, 3], 4)],
];

/** Sums of some hundred float32 products in another order, and a folded kernel that is rounded once more. */
const inferenceTolerance = { relative: 1e-5, absolute: 2e-6 };
/** What that makes of the weights in four steps: the normalisations divide by deviations of 0.1. */
const trainingTolerance = { relative: 2e-4, absolute: 2e-5 };

const steps = 4;
const batchSize = 5;
const optimizer = createOptimizer("SGD", { learningRate: 0.05, momentum: 0.9 });

const numbers = (name: string, length: number, [low, high]: readonly number[] = [0, 1]): Float32Array => {
  const random = new RandomStream(3, name);
  return Float32Array.from({ length }, () => low! + (high! - low!) * random.next());
};

/** Weights as after some training: statistics that are neither 0 nor 1. */
function usedWeights(model: Model): Float32Array[] {
  const first = initialWeights(model, 1);
  return model.weights.map(({ layer, name, shape }, index) => {
    const spread = {
      bias: [-0.3, 0.3],
      gamma: [0.5, 1.5],
      beta: [-0.5, 0.5],
      moving_mean: [-0.3, 0.3],
      moving_variance: [0.2, 1],
    };
    const range = spread[name as keyof typeof spread];
    return range ? numbers(`${layer} ${name}`, elementCount(shape), range) : first[index]!;
  });
}

function batch(model: Model, step: number) {
  const images = numbers(`images ${step}`, batchSize * elementCount(model.description.inputShape));
  const labels = new Float32Array(4 * batchSize);
  for (let i = 0; i < batchSize; i++) labels[4 * i + ((i + step) % 4)] = 1;
  return { images, labels };
}

function operationsOf({ nodes }: Program): string[] {
  return [...new Set(nodes.map(({ operation }) => operation))].sort();
}

const record = {
  training: (model: Model, fused: boolean) =>
    trainingProgram(model, categoricalCrossentropy, optimizer, { batchSize, fused }),
  inference: (model: Model, fused: boolean) =>
    inferenceProgram(model, { batchSize, fused }, categoricalCrossentropy),
};

describe("what becomes of a network with batch normalisation", () => {
  it("in inference: convolutions by kernels that are folded once", () => {
    const program = record.inference(buildModel(depthwiseNetwork([18, 20, 3], 4)), true);
    expect(operationsOf(program)).toEqual([
      "addBias",
      "convBias",
      "depthwiseBias",
      "fill",
      "foldBatchNorm",
      "globalAveragePool2d",
      "matmul",
      "softmax",
      "softmaxCrossEntropy",
    ]);
    const perRun = program.nodes.filter((node) => !isConstantNode(node)).map(({ operation }) => operation);
    expect(perRun.slice(0, -5)).toEqual([
      "convBias",
      "depthwiseBias",
      "convBias",
      "depthwiseBias",
      "convBias",
      "depthwiseBias",
    ]);
    const activations = program.nodes.map(({ attributes }) => attributes.activation);
    expect(activations.filter((activation) => activation === 2)).toHaveLength(5);
  });

  it("in inference: a stem with its pool, and sums", () => {
    const program = record.inference(buildModel(residualNetwork([16, 13, 3], 4)), true);
    const perRun = program.nodes.filter((node) => !isConstantNode(node)).map(({ operation }) => operation);
    expect(perRun.slice(0, 9)).toEqual([
      "convPoolInference",
      "convBias",
      "convBias",
      "add",
      "relu",
      "convBias",
      "convBias",
      "convBias",
      "add",
    ]);
  });

  it("in training: normalisations that activate, without a gradient of the images", () => {
    const model = buildModel(depthwiseNetwork([18, 20, 3], 4));
    const program = record.training(model, true);
    const names = operationsOf(program);
    for (const gone of ["relu6", "relu6Gradient"]) expect(names).not.toContain(gone);
    const normalizations = program.nodes.filter(({ operation }) => operation === "batchNorm");
    expect(normalizations.map(({ attributes }) => attributes.activation)).toEqual([2, 2, 2, 2, 2]);
    const gradients = program.nodes.filter(({ operation }) => /^batchNorm.*Gradient$/.test(operation));
    expect(gradients.map(({ attributes }) => attributes.activation)).toEqual(Array(10).fill(2));
    expect(program.nodes.filter(({ operation }) => operation === "conv2dInputGradient")).toHaveLength(2);
    // the zeros around the images and their gradient are no calls of their own
    const windows = program.nodes.filter(({ operation }) => operation.startsWith("depthwise"));
    expect(windows.map(({ operation }) => operation).sort()).toEqual([
      "depthwiseBias",
      "depthwiseConv2d",
      "depthwiseConv2d",
      ...Array(3).fill("depthwiseConv2dInputGradient"),
      ...Array(3).fill("depthwiseConv2dKernelGradient"),
    ]);
  });

  it("updates all trainable weights by one operation, and the moving statistics by their own", () => {
    const model = buildModel(residualNetwork([16, 13, 3], 4));
    const program = record.training(model, true);
    const updates = program.nodes.filter(({ operation }) => operation === "momentumUpdate");
    expect(updates.map(({ outputs }) => outputs[0]!.shape)).toEqual([[model.trainableLength]]);
    expect(program.nodes.filter(({ operation }) => operation === "movingAverage")).toHaveLength(12);
  });
});

describeEachBackend("fused and plain networks", (backend) => {
  it.each(networks)("%s predicts the same", async (_, description) => {
    const model = buildModel(description);
    const [fused, plain] = await Promise.all(
      [true, false].map(async (each) => {
        const run = prepareRun(backend, record.inference(model, each));
        setWeights(run.state, model, usedWeights(model));
        return run.run(batch(model, 0));
      }),
    );
    for (const name of ["predictions", "loss"])
      expect(firstDifference(fused![name]!, plain![name]!, inferenceTolerance), name).toBeUndefined();
  });

  it.each(networks)(`%s learns the same in ${steps} steps`, async (_, description) => {
    const model = buildModel(description);
    const [fused, plain] = await Promise.all([true, false].map((each) => trainSteps(backend, model, each)));
    expect(firstDifference(fused!.losses, plain!.losses, trainingTolerance)).toBeUndefined();
    model.weights.forEach(({ layer, name }, index) => {
      const difference = firstDifference(fused!.weights[index]!, plain!.weights[index]!, trainingTolerance);
      expect(difference, `${layer}/${name}`).toBeUndefined();
    });
    expect(fused!.weights.at(-1)).not.toEqual(usedWeights(model).at(-1));
  });
});

describeEachBackend("what is folded", (backend) => {
  const model = buildModel(residualNetwork([16, 13, 3], 4));
  const { images, labels } = batch(model, 0);
  const start = () => new Session(backend, model, { loss: categoricalCrossentropy, optimizer });
  const step = { images, labels, learningRate: 0.05, random: new Uint32Array(4) };

  /** By a session that has folded nothing yet. */
  const predictAnew = async (weights: readonly Float32Array[]) => {
    const session = start();
    session.weights = weights;
    return session.predict(images);
  };

  it("is never outdated: not after training, nor after weights are set", async () => {
    const session = start();
    session.weights = usedWeights(model);
    const first = await session.predict(images);
    expect(await session.predict(images)).toEqual(first);
    await session.train(step);
    const trained = session.weights.map(({ values }) => values.slice());
    const second = await session.predict(images);
    expect(second).not.toEqual(first);
    expect(second).toEqual(await predictAnew(trained));
    await session.evaluate(images, labels);
    await session.train(step);
    const { predictions } = await session.evaluate(images, labels);
    const again = session.weights.map(({ values }) => values.slice());
    expect(predictions).toEqual(await predictAnew(again));
    session.weights = usedWeights(model);
    expect(await session.predict(images)).toEqual(first);
  });
});

function setWeights(state: Float32Array, model: Model, values: readonly Float32Array[]): void {
  model.weights.forEach(({ offset }, index) => {
    state.set(values[index]!, offset);
  });
}

async function trainSteps(backend: Backend, model: Model, fused: boolean) {
  const run = prepareRun(backend, record.training(model, fused));
  setWeights(run.state, model, usedWeights(model));
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { loss } = await run.run({ ...batch(model, step), settings: Float32Array.of(0.05) });
    losses.push(loss![0]!);
  }
  const weights = model.weights.map(({ shape, offset }) =>
    run.state.slice(offset, offset + elementCount(shape)),
  );
  return { losses, weights };
}
