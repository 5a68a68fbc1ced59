import { describe, expect, it } from "vitest";
import { fuse } from "../../src/core/fusion/fuse.ts";
import { layerDefinitions } from "../../src/core/layers/table.ts";
import { geluApproximate } from "../../src/core/operations/activations.ts";
import { matmul } from "../../src/core/operations/dense.ts";
import { rescale } from "../../src/core/operations/elementwise.ts";
import { sigmoidCrossEntropy } from "../../src/core/operations/losses.ts";
import { planMemory } from "../../src/core/plan.ts";
import type { Program, Tensor } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { elementCount, roundUp } from "../../src/util/shapes.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { type FixtureArray, firstDifference, float32Of, readKerasFixture } from "../support/keras-fixture.ts";
import { prepareRun } from "../support/run-program.ts";

interface LayerCase {
  readonly note?: string;
  readonly layer: { readonly className: string; readonly config: Readonly<Record<string, unknown>> };
  readonly inputShape: readonly number[];
  readonly input: FixtureArray;
  readonly weights: Readonly<Record<string, FixtureArray>>;
  readonly output: FixtureArray;
  /** The output's gradient: the loss is the sum of output * r. */
  readonly r: FixtureArray;
  readonly inputGradient: FixtureArray;
  readonly weightGradients: Readonly<Record<string, FixtureArray>>;
  readonly training?: boolean;
  /** What the layer itself makes of its other weights while training. */
  readonly updated?: Readonly<Record<string, FixtureArray>>;
}

/** Sums of some hundred float32 products, added in another order than TensorFlow's. */
const sumTolerance = { relative: 1e-5, absolute: 3e-6 };

/** Keras takes a mean of 10 from numbers around it in float32, whose last place is 1e-6. */
const farTolerance = { relative: 1e-5, absolute: 1e-5 };

/** Weights begin where the kernels may expect them, on cache lines. */
const alignedFloats = 16;

/** Beside it the sigmoid is exactly 1, so the loss's own slope is too. */
const farRight = 1e6;

const files = [
  "conv2d",
  "pooling",
  "dense",
  "activation",
  "other",
  "depthwise",
  "normalization",
  "padding",
  "separable",
  "reshape",
  "elsewhere",
];
const casesOf = (file: string) => readKerasFixture<{ cases: LayerCase[] }>(`layers-${file}.json`).cases;

describeEachBackend("layers as Keras computes them", (backend) => {
  describe.each(files)("%s", (file) => {
    it.each(
      casesOf(file).map((layerCase) => [titleOf(layerCase), layerCase] as const),
    )("%s", async (_, layerCase) => {
      const tolerance = layerCase.note === "far from zero" ? farTolerance : sumTolerance;
      for (const fused of [false, true]) {
        const { program, weights } = recordCase(layerCase, fused);
        const run = prepareRun(backend, program);
        for (const { name, offset } of weights) run.state.set(float32Of(layerCase.weights[name]!), offset);
        const r = float32Of(layerCase.r);
        const inputs = { x: float32Of(layerCase.input), r, label: new Float32Array(1) };
        const found = await run.run(inputs);
        for (const [name, expected] of expectedOutputs(layerCase)) {
          const difference = firstDifference(found[name]!, float32Of(expected), tolerance);
          expect(difference, `${name}, ${fused ? "fused" : "plain"}`).toBeUndefined();
        }
        for (const [name, expected] of Object.entries(layerCase.updated ?? {})) {
          const { offset } = weights.find((weight) => weight.name === name)!;
          const updated = run.state.subarray(offset, offset + elementCount(expected.shape));
          expect(firstDifference(updated, float32Of(expected), tolerance), name).toBeUndefined();
        }
      }
    });
  });
});

interface JoiningCase extends Pick<LayerCase, "layer" | "output" | "r"> {
  readonly inputs: readonly FixtureArray[];
  readonly inputGradients: readonly FixtureArray[];
}

const joining = readKerasFixture<{ joining: JoiningCase[] }>("layers-elsewhere.json").joining;

describeEachBackend("layers that join", (backend) => {
  it.each(
    joining.map(
      (one) => [`${one.layer.className} of ${one.inputs.map(({ shape }) => shape.join("x"))}`, one] as const,
    ),
  )("%s", async (_, { layer: { className, config }, inputs, output, r, inputGradients }) => {
    const recorder = new Recorder(0);
    const definition = layerDefinitions.get(className)!;
    const parsed = definition.config.parse(config);
    const tensors = inputs.map(({ shape }, i) => recorder.input(`x${i}`, shape));
    const shapes = inputs.map(({ shape }) => shape.slice(1));
    expect(definition.outputShape(shapes[0], parsed, shapes)).toEqual(output.shape.slice(1));
    const call = { config: parsed, inputs: tensors, weights: {}, training: false, index: 0 };
    const y = definition.record(recorder, tensors[0], call);
    recorder.output("y", y);
    recorder.differentiate(weightedSum(recorder, y), tensors).forEach((gradient, i) => {
      recorder.output(`dx${i}`, gradient);
    });
    const given = Object.fromEntries(inputs.map((values, i) => [`x${i}`, float32Of(values)]));
    const run = prepareRun(backend, planMemory(fuse(recorder.finish())));
    const found = await run.run({ ...given, r: float32Of(r), label: new Float32Array(1) });
    for (const [i, expected] of [output, ...inputGradients].entries()) {
      const name = i === 0 ? "y" : `dx${i - 1}`;
      expect(firstDifference(found[name]!, float32Of(expected), sumTolerance), name).toBeUndefined();
    }
  });
});

describe("fusion in the golden cases", () => {
  it("puts one operation in place of convolution, bias and ReLU", () => {
    const reluCases = casesOf("conv2d").filter(
      ({ layer }) => layer.config.useBias && layer.config.activation === "relu",
    );
    expect(reluCases.length).toBeGreaterThan(2);
    for (const layerCase of reluCases) {
      const operations = recordCase(layerCase, true).program.nodes.map((node) => node.operation);
      expect(operations).toContain("convBias");
      expect(operations).not.toContain("conv2d");
    }
  });
});

function titleOf({ layer, inputShape, note }: LayerCase): string {
  const settings = Object.values(layer.config).map((value) =>
    Array.isArray(value) ? value.join("x") : value,
  );
  return [layer.className, ...settings, `on ${inputShape.join("x")}`, note].filter(Boolean).join(" ");
}

function expectedOutputs(layerCase: LayerCase): [string, FixtureArray][] {
  const weightGradients = Object.entries(layerCase.weightGradients).map(
    ([name, gradient]): [string, FixtureArray] => [`d${name}`, gradient],
  );
  return [["y", layerCase.output], ["dx", layerCase.inputGradient], ...weightGradients];
}

interface RecordedCase {
  readonly program: Program;
  readonly weights: readonly { readonly name: string; readonly offset: number }[];
}

/** The layer alone, forward and backward, with `y`, `dx` and each weight's `d…` as outputs. */
function recordCase(layerCase: LayerCase, fused: boolean): RecordedCase {
  let length = 0;
  const places = Object.entries(layerCase.weights).map(([name, { shape }]) => {
    const place = { name, shape, offset: length };
    length = roundUp(length + elementCount(shape), alignedFloats);
    return place;
  });
  const recorder = new Recorder(length * Float32Array.BYTES_PER_ELEMENT);
  const tensors = places.map(({ shape, offset }) => recorder.state(shape, offset));
  const weights = Object.fromEntries(places.map(({ name }, i) => [name, tensors[i]!]));
  const x = recorder.input("x", layerCase.inputShape);
  const y = recordLayer(recorder, layerCase, x, weights);
  expect(y.shape).toEqual(layerCase.output.shape);
  const trained = Object.keys(layerCase.weightGradients);
  const targets = [x, ...trained.map((name) => weights[name]!)];
  const [dx, ...weightGradients] = recorder.differentiate(weightedSum(recorder, y), targets);
  recorder.output("y", y);
  recorder.output("dx", dx!);
  for (const [i, gradient] of weightGradients.entries()) recorder.output(`d${trained[i]}`, gradient);
  const recording = recorder.finish();
  return { program: planMemory(fused ? fuse(recording) : recording), weights: places };
}

function recordLayer(
  recorder: Recorder,
  { layer: { className, config }, inputShape, weights: expectedWeights, training = false }: LayerCase,
  x: Tensor,
  weights: Readonly<Record<string, Tensor>>,
): Tensor {
  // Keras has no name for it, so no layer can ask for it
  if (config.activation === "gelu_approximate") return recorder.apply(geluApproximate, { x }, {}).y;
  const definition = layerDefinitions.get(className)!;
  const parsed = definition.config.parse(config);
  const specs = definition.weights?.(parsed, inputShape.slice(1)) ?? [];
  expect(specs.map(({ name, shape }) => [name, shape])).toEqual(
    Object.entries(expectedWeights).map(([name, { shape }]) => [name, shape]),
  );
  return definition.record(recorder, x, { config: parsed, inputs: [x], weights, training, index: 0 });
}

/**
 * A loss whose gradient with respect to y is r to the last bit: the sum of y * r, moved to where the logistic loss of
 * label 0 is the straight line of slope 1.
 */
function weightedSum(recorder: Recorder, y: Tensor): Tensor {
  const count = elementCount(y.shape);
  const r = recorder.input("r", [count, 1]);
  const sum = recorder.apply(matmul, { x: recorder.view(y, [1, count]), kernel: r }, {}).y;
  const far = recorder.apply(rescale, { x: sum }, { scale: 1, offset: farRight }).y;
  return recorder.apply(sigmoidCrossEntropy, { x: far, labels: recorder.input("label", [1, 1]) }, {}).loss;
}
