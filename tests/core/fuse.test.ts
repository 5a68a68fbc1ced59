import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/core/backend.ts";
import type { ModelDescription } from "../../src/core/description.ts";
import { fuse } from "../../src/core/fusion/fuse.ts";
import { lossFor } from "../../src/core/losses.ts";
import { buildModel, initialWeights, type Model } from "../../src/core/model.ts";
import { reportNetwork } from "../../src/core/networks/report.ts";
import { relu } from "../../src/core/operations/activations.ts";
import { conv2d } from "../../src/core/operations/convolution.ts";
import { addBias } from "../../src/core/operations/dense.ts";
import { add } from "../../src/core/operations/elementwise.ts";
import { softmaxCrossEntropy } from "../../src/core/operations/losses.ts";
import { maxPool2d } from "../../src/core/operations/pooling.ts";
import type { OperationName } from "../../src/core/operations/table.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { planMemory } from "../../src/core/plan.ts";
import type { Program, Tensor } from "../../src/core/program.ts";
import { inferenceProgram, trainingProgram } from "../../src/core/programs.ts";
import { Recorder, type Recording } from "../../src/core/recorder.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount } from "../../src/util/shapes.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { firstDifference } from "../support/keras-fixture.ts";
import { sequence } from "../support/networks.ts";
import { prepareRun } from "../support/run-program.ts";

/** The reference computes a fused operation by its parts; other backends may add up some hundred products in another order. */
const toleranceOf = ({ name }: Backend) => (name === "reference" ? {} : { relative: 1e-4, absolute: 1e-5 });

interface FusionCase {
  readonly title: string;
  readonly model: ModelDescription;
  /** What the training step's convolutions, and all that may be fused with them, become. */
  readonly training: readonly OperationName[];
  readonly inference: readonly OperationName[];
}

const flat = ["Flatten"] as const;
const classes = ["Dense", { units: 3, activation: "softmax", useBias: false }] as const;
const conv = (config: Readonly<Record<string, unknown>> = {}) =>
  ["Conv2D", { filters: 5, kernelSize: 3, activation: "relu", ...config }] as const;
const maxPool = (config: Readonly<Record<string, unknown>> = {}) => ["MaxPooling2D", config] as const;

const twice = <T>(item: T): T[] => [item, item];
const thrice = <T>(item: T): T[] => [item, item, item];

const cases: readonly FusionCase[] = [
  {
    title: "the report's network",
    model: withoutDenseActivations(reportNetwork([30, 30, 3], 1)),
    training: [
      ...thrice("convPool" as const),
      ...thrice("convPoolKernelGradient" as const),
      ...twice("convPoolInputGradient" as const),
    ],
    inference: thrice("convPoolInference"),
  },
  {
    title: "a convolution without bias stays",
    model: sequence([9, 7, 2], conv({ useBias: false }), maxPool(), flat, classes),
    training: ["conv2d", "relu", "maxPool2d", "maxPool2dGradient", "reluGradient", "conv2dKernelGradient"],
    inference: ["conv2d", "relu", "maxPool2d"],
  },
  {
    title: "ReLU without a pool",
    model: sequence([9, 7, 2], conv(), conv({ filters: 3 }), flat, classes),
    training: [
      ...twice("convBias" as const),
      ...twice("convBiasKernelGradient" as const),
      "convBiasInputGradient",
    ],
    inference: twice("convBias"),
  },
  {
    title: "a pool without ReLU",
    model: sequence([12, 9, 2], conv({ activation: "linear" }), maxPool(), conv(), flat, classes),
    training: [
      "convPool",
      "convPoolKernelGradient",
      "convBias",
      "convBiasKernelGradient",
      "convBiasInputGradient",
    ],
    inference: ["convPoolInference", "convBias"],
  },
  {
    title: "neither pool nor ReLU",
    model: sequence([6, 5, 2], conv({ activation: "linear" }), flat, classes),
    training: ["convBias", "convBiasKernelGradient"],
    inference: ["convBias"],
  },
  {
    title: "another activation than ReLU keeps its place",
    model: sequence([6, 5, 2], conv({ activation: "tanh" }), maxPool(), flat, classes),
    training: [
      "convBias",
      "tanh",
      "maxPool2d",
      "maxPool2dGradient",
      "tanhGradient",
      "convBiasKernelGradient",
    ],
    inference: ["convBias", "tanh", "maxPool2d"],
  },
  {
    title: "ReLU as a layer of its own",
    model: sequence([6, 5, 2], conv({ activation: "linear" }), ["ReLU"], maxPool(), flat, classes),
    training: ["convPool", "convPoolKernelGradient"],
    inference: ["convPoolInference"],
  },
  {
    title: "a pool whose windows overlap stays",
    model: sequence([11, 9, 2], conv(), maxPool({ poolSize: 3, strides: 2 }), flat, classes),
    training: ["convBias", "maxPool2d", "maxPool2dGradient", "convBiasKernelGradient"],
    inference: ["convBias", "maxPool2d"],
  },
  {
    title: "a pool that is padded at the top stays",
    model: sequence(
      [7, 7, 2],
      conv({ kernelSize: 1 }),
      maxPool({ poolSize: 3, padding: "same" }),
      flat,
      classes,
    ),
    training: ["convBias", "maxPool2d", "maxPool2dGradient", "convBiasKernelGradient"],
    inference: ["convBias", "maxPool2d"],
  },
  {
    title: "a pool that is padded at the bottom only stays",
    model: sequence([9, 8, 2], conv({ kernelSize: 1 }), maxPool({ padding: "same" }), flat, classes),
    training: ["convBias", "maxPool2d", "maxPool2dGradient", "convBiasKernelGradient"],
    inference: ["convBias", "maxPool2d"],
  },
  {
    title: "a pool with padding `same` that needs none",
    model: sequence([8, 8, 2], conv({ kernelSize: 1 }), maxPool({ padding: "same" }), flat, classes),
    training: ["convPool", "convPoolKernelGradient"],
    inference: ["convPoolInference"],
  },
  {
    title: "the largest pool whose positions fit into a byte",
    model: sequence([15, 34, 1], conv({ kernelSize: 1 }), maxPool({ poolSize: [15, 17] }), flat, classes),
    training: ["convPool", "convPoolKernelGradient"],
    inference: ["convPoolInference"],
  },
  {
    title: "a pool whose positions do not fit into a byte stays",
    model: sequence([16, 32, 1], conv({ kernelSize: 1 }), maxPool({ poolSize: 16 }), flat, classes),
    training: ["convBias", "maxPool2d", "maxPool2dGradient", "convBiasKernelGradient"],
    inference: ["convBias", "maxPool2d"],
  },
  {
    title: "an average pool stays",
    model: sequence([9, 7, 2], conv(), ["AveragePooling2D"], flat, classes),
    training: ["convBias", "averagePool2d", "averagePool2dGradient", "convBiasKernelGradient"],
    inference: ["convBias", "averagePool2d"],
  },
  {
    title: "padding, strides and an odd kernel",
    model: sequence(
      [13, 11, 3],
      conv({ kernelSize: [5, 4], strides: [2, 1], padding: "same" }),
      maxPool({ poolSize: [3, 2] }),
      conv({ kernelSize: 2, strides: 2, padding: "same" }),
      flat,
      classes,
    ),
    training: [
      "convPool",
      "convPoolKernelGradient",
      "convBias",
      "convBiasKernelGradient",
      "convBiasInputGradient",
    ],
    inference: ["convPoolInference", "convBias"],
  },
];

/** Operations that a dense head records too, so that the lists above are about convolutions alone. */
const ofTheHead: readonly string[] = [
  "matmul",
  "matmulKernelGradient",
  "matmulInputGradient",
  "softmax",
  "softmaxCrossEntropy",
  "softmaxCrossEntropyGradient",
  "sigmoid",
  "sigmoidCrossEntropy",
  "sigmoidCrossEntropyGradient",
  "sgdUpdate",
];

const optimizer = createOptimizer("SGD", { learningRate: 0.5 });
const batchSize = 3;

describe("which operations a fused program holds", () => {
  it.each(cases.map((one) => [one.title, one] as const))("%s", (_, { model: description, ...expected }) => {
    const model = buildModel(description);
    const loss = lossFor(model.outputShape[0]!);
    const training = trainingProgram(model, loss, optimizer, { batchSize });
    expect(convolutionOperations(training)).toEqual([...expected.training].sort());
    const inference = inferenceProgram(model, { batchSize });
    expect(convolutionOperations(inference)).toEqual([...expected.inference].sort());
  });

  it.each([true, false])("never holds a gradient of the images, fused: %s", (fused) => {
    for (const { model: description } of cases) {
      const model = buildModel(description);
      const convolutions = description.layers.filter(({ className }) => className === "Conv2D");
      const gradients = recordTraining(model, fused).nodes.filter(({ operation }) =>
        /^conv.*InputGradient$/.test(operation),
      );
      expect(gradients).toHaveLength(convolutions.length - 1);
    }
  });

  it("leaves everything as recorded where it is turned off", () => {
    const model = buildModel(reportNetwork([30, 30, 3], 1));
    const names = inferenceProgram(model, { batchSize, fused: false }).nodes.map(
      ({ operation }) => operation,
    );
    expect(names.slice(0, 4)).toEqual(["conv2d", "addBias", "relu", "maxPool2d"]);
  });
});

describeEachBackend("fused and plain programs", (backend) => {
  it.each(cases.map((one) => [one.title, one] as const))("give the same numbers: %s", async (_, one) => {
    const model = buildModel(one.model);
    for (const record of [recordTraining, recordInference]) {
      const fused = await runOnce(backend, model, record(model, true));
      const plain = await runOnce(backend, model, record(model, false));
      expect(Object.keys(fused)).toEqual(Object.keys(plain));
      for (const [name, values] of Object.entries(plain)) {
        expect(firstDifference(fused[name]!, values, toleranceOf(backend)), name).toBeUndefined();
      }
    }
  });

  it("train: the step changes the weights", async () => {
    const model = buildModel(cases[0]!.model);
    const trained = await runOnce(backend, model, recordTraining(model, true));
    expect(trained["conv2d/kernel"]).not.toEqual(initialWeights(model, 1)[0]);
  });
});

describe("what else reads an activation keeps it", () => {
  it("with two readers the pool is not fused", () => {
    const operations = operationsOf(
      recordBlock((recorder, { activated, pooled }) => {
        const { y } = recorder.apply(relu, { x: activated }, {});
        return recorder.apply(add, { a: recorder.view(y, [16]), b: repeated(recorder, pooled) }, {}).y;
      }),
    );
    expect(operations).toContain("convBias");
    expect(operations).toContain("maxPool2d");
    expect(operations).not.toContain("convPool");
  });

  it("an activation that the caller reads is not fused away", () => {
    const recording = recordBlock((recorder, { activated, pooled }) => {
      recorder.output("activated", activated);
      return repeated(recorder, pooled);
    });
    expect(operationsOf(recording)).toContain("maxPool2d");
    expect(operationsOf(recording)).not.toContain("convPool");
  });

  it("a sum before ReLU that something else reads is not fused away", () => {
    const operations = operationsOf(
      recordBlock((recorder, { biased, pooled }) => {
        const sum = recorder.view(biased, [16]);
        return recorder.apply(add, { a: sum, b: repeated(recorder, pooled) }, {}).y;
      }),
    );
    expect(operations).toContain("relu");
    expect(operations).toContain("convBias");
    expect(operations).not.toContain("convPool");
  });

  it("a convolution's own output that something else reads is not fused away", () => {
    const operations = operationsOf(
      recordBlock(
        (recorder, { convolved, pooled }) =>
          recorder.apply(add, { a: recorder.view(convolved, [16]), b: repeated(recorder, pooled) }, {}).y,
      ),
    );
    expect(operations).toContain("conv2d");
    expect(operations).not.toContain("convBias");
  });

  it("alone the block is fused", () => {
    const operations = operationsOf(recordBlock((recorder, { pooled }) => repeated(recorder, pooled)));
    expect(operations).toContain("convPool");
    expect(operations).not.toContain("maxPool2d");
  });
});

describeEachBackend("two convolutions that share their weights", (backend) => {
  it("are fused and learn what they learn unfused", async () => {
    const plain = recordShared();
    const fused = fuse(recordShared());
    expect(operationsOf(fused)).toContain("convBiasKernelGradient");
    const [expected, found] = await Promise.all([plain, fused].map((one) => runShared(backend, one)));
    for (const name of ["dkernel", "dbias"]) {
      expect(firstDifference(found![name]!, expected![name]!, toleranceOf(backend)), name).toBeUndefined();
    }
  });
});

/** conv2d, bias, ReLU and pool on one image of 4x4 pixels, and a loss over 16 values that are made from them. */
function recordBlock(
  rest: (
    recorder: Recorder,
    parts: Readonly<Record<"convolved" | "biased" | "activated" | "pooled", Tensor>>,
  ) => Tensor,
): Recording {
  const recorder = new Recorder(256);
  const kernel = recorder.state([1, 1, 1, 1], 0);
  const bias = recorder.state([1], 16);
  const window = { strideHeight: 1, strideWidth: 1, padTop: 0, padLeft: 0, outputHeight: 4, outputWidth: 4 };
  const x = recorder.input("x", [1, 4, 4, 1]);
  const convolved = recorder.apply(conv2d, { x, kernel }, window).y;
  const biased = recorder.apply(addBias, { x: convolved, bias }, {}).y;
  const activated = recorder.apply(relu, { x: biased }, {}).y;
  const pool = { poolHeight: 2, poolWidth: 2, ...window, strideHeight: 2, strideWidth: 2 };
  const pooled = recorder.apply(maxPool2d, { x: activated }, { ...pool, outputHeight: 2, outputWidth: 2 }).y;
  const y = rest(recorder, { convolved, biased, activated, pooled });
  const labels = recorder.input("labels", y.shape);
  const { loss } = recorder.apply(softmaxCrossEntropy, { x: y, labels }, {});
  const [dkernel, dbias] = recorder.differentiate(loss, [kernel, bias]);
  recorder.output("dkernel", dkernel!);
  recorder.output("dbias", dbias!);
  return fuse(recorder.finish());
}

/** 4 pooled values as 16, by two convolutions that widen the channels. */
function repeated(recorder: Recorder, pooled: Tensor): Tensor {
  const window = { strideHeight: 1, strideWidth: 1, padTop: 0, padLeft: 0, outputHeight: 2, outputWidth: 2 };
  const kernel = recorder.input("repeat", [1, 1, 1, 4]);
  return recorder.view(recorder.apply(conv2d, { x: pooled, kernel }, window).y, [16]);
}

function recordShared(): Recording {
  const recorder = new Recorder(1024);
  const kernel = recorder.state([1, 1, 2, 2], 0);
  const bias = recorder.state([2], 16);
  const window = { strideHeight: 1, strideWidth: 1, padTop: 0, padLeft: 0, outputHeight: 3, outputWidth: 2 };
  const block = (x: Tensor) => {
    const { y } = recorder.apply(conv2d, { x, kernel }, window);
    return recorder.apply(relu, { x: recorder.apply(addBias, { x: y, bias }, {}).y }, {}).y;
  };
  const y = block(block(recorder.input("x", [1, 3, 2, 2])));
  const labels = recorder.input("labels", y.shape);
  const { loss } = recorder.apply(softmaxCrossEntropy, { x: y, labels }, {});
  const [dkernel, dbias] = recorder.differentiate(loss, [kernel, bias]);
  recorder.output("dkernel", dkernel!);
  recorder.output("dbias", dbias!);
  return recorder.finish();
}

async function runShared(backend: Backend, recording: Recording) {
  const run = prepareRun(backend, planMemory(recording));
  run.state.set([0.5, -0.25, 0.75, 1], 0);
  run.state.set([0.1, 0.2], 16);
  return run.run({ x: uniform("x", 12), labels: uniform("labels", 12) });
}

function recordTraining(model: Model, fused: boolean): Program {
  return trainingProgram(model, lossFor(model.outputShape[0]!), optimizer, { batchSize, fused });
}

function recordInference(model: Model, fused: boolean): Program {
  return inferenceProgram(model, { batchSize, fused }, lossFor(model.outputShape[0]!));
}

/** All outputs and weights after one run from seeded weights and inputs. */
async function runOnce(
  backend: Backend,
  model: Model,
  program: Program,
): Promise<Record<string, Float32Array>> {
  const run = prepareRun(backend, program);
  initialWeights(model, 1).forEach((values, i) => {
    run.state.set(values, model.weights[i]!.offset);
  });
  const inputs = [...program.inputs].map(
    ([name, { shape }]) =>
      [name, name === "settings" ? Float32Array.of(0.5) : uniform(name, elementCount(shape))] as const,
  );
  const outputs = await run.run(Object.fromEntries(inputs));
  const weights = model.weights.map(
    ({ layer, name, shape, offset }) =>
      [`${layer}/${name}`, run.state.slice(offset, offset + elementCount(shape))] as const,
  );
  return { ...outputs, ...Object.fromEntries(weights) };
}

function uniform(name: string, length: number): Float32Array {
  const random = new RandomStream(1, name);
  return Float32Array.from({ length }, () => random.next());
}

function convolutionOperations(program: Program): string[] {
  return program.nodes
    .map(({ operation }) => operation)
    .filter((name) => !ofTheHead.includes(name))
    .sort();
}

function operationsOf({ nodes }: Recording): string[] {
  return nodes.map(({ operation }) => operation);
}

/** The dense layers' bias and ReLU are the same operations as the convolutions'; without them the lists stay plain. */
function withoutDenseActivations(description: ModelDescription): ModelDescription {
  const layers = description.layers.map((layer, index) =>
    layer.className === "Dense"
      ? {
          ...layer,
          config: {
            ...layer.config,
            useBias: false,
            ...(index < description.layers.length - 1 && { activation: "linear" }),
          },
        }
      : layer,
  );
  return { ...description, layers };
}
