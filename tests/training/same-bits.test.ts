import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadNativeBackend } from "../../src/backends/native/native.ts";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { Backend } from "../../src/core/backend.ts";
import type { LayerDescription, ModelDescription } from "../../src/core/description.ts";
import { categoricalCrossentropy } from "../../src/core/losses.ts";
import { buildModel, initialWeights, type Model } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { Session } from "../../src/core/session.ts";
import { keepFloats } from "../../src/data/prepare.ts";
import type { Callback, TrainingPosition } from "../../src/training/callback.ts";
import { fit } from "../../src/training/fit.ts";
import type { LabelledImages } from "../../src/training/labelled-images.ts";
import { RandomStream } from "../../src/util/random.ts";
import { sequence } from "../support/networks.ts";
import { loadWasm, variants } from "../wasm/variants.ts";
import { stateOf } from "./small-fit.ts";

const side = 30;
const classes = 3;

/** Pools, dropout and layers that are wider than a vector, as in the report. */
const pooled = sequence(
  [side, side, 3],
  ["Conv2D", { filters: 17, kernelSize: 3, activation: "relu" }],
  ["MaxPooling2D"],
  ["Conv2D", { filters: 20, kernelSize: 3, activation: "relu" }],
  ["MaxPooling2D"],
  ["Dropout", { rate: 0.3 }],
  ["Flatten"],
  ["Dense", { units: 70, activation: "relu" }],
  ["Dense", { units: classes, activation: "softmax" }],
);

const layer = (className: string, name: string, config: object, inputs?: string[]): LayerDescription => ({
  className,
  name,
  config: { ...config },
  ...(inputs && { inputs }),
});

/** A branch that skips, depthwise convolution and batch normalisation, whose moving means go on as well. */
const residual: ModelDescription = {
  name: "residual",
  inputShape: [side, side, 3],
  layers: [
    layer("Conv2D", "stem", { filters: 18, kernelSize: 3, strides: 2, padding: "same", useBias: false }),
    layer("BatchNormalization", "stem_bn", {}),
    layer("ReLU", "stem_relu", {}),
    layer("DepthwiseConv2D", "depthwise", { kernelSize: 3, padding: "same", useBias: false }),
    layer("BatchNormalization", "depthwise_bn", {}),
    layer("ReLU", "depthwise_relu", { maxValue: 6 }),
    layer("Conv2D", "pointwise", { filters: 18, kernelSize: 1 }),
    layer("Add", "join", {}, ["pointwise", "stem_relu"]),
    layer("AveragePooling2D", "pool", {}),
    layer("Conv2D", "last", { filters: 33, kernelSize: 3, activation: "relu" }),
    layer("GlobalAveragePooling2D", "mean", {}),
    layer("Dense", "head", { units: classes, activation: "softmax" }),
  ],
};

const networks = [
  ["the report's kind of network, Adam", buildModel(pooled), createOptimizer("Adam")],
  ["a residual network, SGD", buildModel(residual), createOptimizer("SGD", { momentum: 0.9 })],
] as const;

const train = noise(21, 1);

function noise(count: number, seed: number): LabelledImages {
  const items = Array.from({ length: count }, (_, index) => {
    const random = new RandomStream(seed, "noise", index);
    const pixels = Float32Array.from({ length: side * side * 3 }, () => random.next());
    return { image: keepFloats(pixels), classIndex: index % classes };
  });
  return { items, outputs: classes };
}

/** 3 epochs of 3 batches, the last of them smaller. */
const options = {
  train,
  validation: noise(5, 2),
  epochs: 3,
  batchSize: 8,
  learningRate: 0.01,
  seed: 7,
  clock: () => 0,
};

type Optimizer = ReturnType<typeof createOptimizer>;

/** Of all weights and moments: quicker to compare than the numbers. */
function digest(session: Session): string {
  const { weights, optimizer } = stateOf(session);
  const hash = createHash("sha256").update(String(optimizer.iterations));
  for (const values of [...weights, ...optimizer.slots.map(({ weight }) => weight.values)])
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return hash.digest("hex");
}

function open(backend: Backend, model: Model, optimizer: Optimizer): Session {
  const session = new Session(backend, model, { loss: categoricalCrossentropy, optimizer });
  session.weights = initialWeights(model, 3);
  return session;
}

async function learn(backend: Backend, model: Model, optimizer: Optimizer): Promise<string> {
  const session = open(backend, model, optimizer);
  await fit(session, options);
  return digest(session);
}

/** Stops in the middle of the second epoch, and goes on in another session. */
async function learnInTwoParts(backend: Backend, model: Model, optimizer: Optimizer): Promise<string> {
  const controller = new AbortController();
  let batches = 0;
  let position: TrainingPosition | undefined;
  const stop: Callback = {
    onBatchEnd: () => {
      if (++batches === 5) controller.abort();
    },
    onInterrupt: async (reached) => {
      position = reached;
    },
  };
  const first = open(backend, model, optimizer);
  await fit(first, { ...options, callbacks: [stop], signal: controller.signal });
  expect(position).toMatchObject({ epoch: 1, batch: 2 });
  const second = open(backend, model, optimizer);
  const reached = stateOf(first);
  second.weights = reached.weights;
  second.optimizer = reached.optimizer;
  await fit(second, { ...options, from: position });
  return digest(second);
}

interface Machine {
  readonly title: string;
  readonly threads: readonly number[];
  readonly load: (threads: number) => Promise<Backend>;
}

function native(options: { threads?: number; instructionSet?: string }) {
  const backend = loadNativeBackend(options);
  if ("unavailable" in backend) throw new Error(backend.unavailable);
  return backend;
}

const machines: readonly Machine[] = [
  ...native({}).instructionSets.map((instructionSet) => ({
    title: `native, ${instructionSet}`,
    threads: [1, 2, 3, 8],
    load: async (threads: number) => native({ threads, instructionSet }),
  })),
  ...variants.map(({ relaxed }) => ({
    title: `wasm${relaxed ? ", relaxed" : ""}`,
    threads: [1, 2, 3],
    load: (threads: number) => loadWasm({ threads, relaxed }),
  })),
  { title: "reference", threads: [1], load: async () => referenceBackend },
];

describe.each(machines.map((machine) => [machine.title, machine] as const))("%s", (_, machine) => {
  it.each(
    networks,
  )("%s learns the same bits: twice, on any threads, in two parts", async (_, model, optimizer) => {
    const backends = await Promise.all(machine.threads.map(machine.load));
    const expected = await learn(backends[0]!, model, optimizer);
    expect(expected).not.toBe(digest(open(backends[0]!, model, optimizer)));
    for (const backend of backends) {
      expect(await learn(backend, model, optimizer), `on ${backend.description}`).toBe(expected);
      const inParts = await learnInTwoParts(backend, model, optimizer);
      expect(inParts, `in two parts on ${backend.description}`).toBe(expected);
    }
  });
});
