import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import type { Backend } from "../../src/core/backend.ts";
import { binaryCrossentropy, categoricalCrossentropy } from "../../src/core/losses.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { type Compilation, Session, type TrainingStep } from "../../src/core/session.ts";
import { InputError } from "../../src/util/errors.ts";
import { RandomStream } from "../../src/util/random.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { firstDifference } from "../support/keras-fixture.ts";
import { sequence } from "../support/networks.ts";

/** Some kernels add up in blocks of images; the reference takes one image at a time. */
const splitTolerance = ({ name }: Backend) =>
  name === "reference" ? {} : { relative: 1e-5, absolute: 1e-6 };

const classes = 3;
const imageLength = 8 * 7 * 2;

const layers = (rate: number) =>
  sequence(
    [8, 7, 2],
    ["Conv2D", { filters: 5, kernelSize: 3, activation: "relu" }],
    ["MaxPooling2D"],
    ["Dropout", { rate }],
    ["Flatten"],
    ["Dense", { units: classes, activation: "softmax" }],
  );
const model = buildModel(layers(0.3));
const modelWithoutDropout = buildModel(layers(0));

const adam: Compilation = { loss: categoricalCrossentropy, optimizer: createOptimizer("Adam") };
const momentum: Compilation = {
  loss: categoricalCrossentropy,
  optimizer: createOptimizer("SGD", { momentum: 0.9, nesterov: true }),
};
const plain: Compilation = { loss: categoricalCrossentropy, optimizer: createOptimizer("SGD") };

/** Batches of an epoch; the last is smaller. */
const batchSizes = [4, 4, 4, 3];

function stepOf(index: number, batchSize = batchSizes[index % batchSizes.length]!): TrainingStep {
  const random = new RandomStream(1, "step", index);
  const images = Float32Array.from({ length: batchSize * imageLength }, () => random.next());
  const labels = new Float32Array(batchSize * classes);
  for (let n = 0; n < batchSize; n++) labels[n * classes + random.nextInteger(classes)] = 1;
  return { images, labels, learningRate: 0.05, random: Uint32Array.of(1, 2, index, 0) };
}

function startSession(backend: Backend, compilation: Compilation, ofModel = model): Session {
  const session = new Session(backend, ofModel, compilation);
  session.weights = initialWeights(ofModel, 5);
  return session;
}

async function trainSteps(session: Session, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) losses.push((await session.train(stepOf(step))).loss);
  return losses;
}

const valuesOf = (session: Session) => session.weights.map(({ values }) => values);

describeEachBackend("a model that only gives its input another shape", (backend) => {
  it("predicts the input", async () => {
    const session = new Session(backend, buildModel(sequence([2, 3, 1], ["Flatten"])));
    const images = Float32Array.of(1, 2, 3, 4, 5, 6);
    expect(await session.predict(images)).toEqual(images);
  });
});

describeEachBackend("a session", (backend) => {
  describe.each([
    ["Adam", adam],
    ["SGD with momentum", momentum],
    ["SGD", plain],
  ] as const)("with %s", (_, compilation) => {
    it("trains to the same bits from the same seed", async () => {
      const [first, second] = [startSession(backend, compilation), startSession(backend, compilation)];
      expect(await trainSteps(first, 0, 6)).toEqual(await trainSteps(second, 0, 6));
      expect(valuesOf(first)).toEqual(valuesOf(second));
      expect(valuesOf(first)).not.toEqual(initialWeights(model, 5));
      expect(first.iterations).toBe(6);
    });

    it.each([3, 4])("goes on to the same bits after %i steps, across a smaller last batch", async (stop) => {
      const whole = startSession(backend, compilation);
      const losses = await trainSteps(whole, 0, 7);
      const before = startSession(backend, compilation);
      await trainSteps(before, 0, stop);
      const after = new Session(backend, model, compilation);
      after.weights = valuesOf(before);
      after.optimizer = before.optimizer;
      expect(after.iterations).toBe(stop);
      expect(await trainSteps(after, stop, 7)).toEqual(losses.slice(stop));
      expect(valuesOf(after)).toEqual(valuesOf(whole));
      expect(after.optimizer).toEqual(whole.optimizer);
    });
  });

  it("learns: the loss on a batch falls to a tenth", async () => {
    const session = startSession(backend, adam, modelWithoutDropout);
    const first = await session.train(stepOf(0));
    for (let i = 0; i < 25; i++) await session.train(stepOf(0));
    const { images, labels } = stepOf(0);
    expect((await session.evaluate(images, labels)).loss).toBeLessThan(first.loss / 10);
  });

  it("draws other numbers where the step names others", async () => {
    const losses = [];
    for (const counter of [1, 2]) {
      const step = { ...stepOf(0), random: Uint32Array.of(9, 9, counter, 0) };
      losses.push((await startSession(backend, plain).train(step)).loss);
    }
    expect(losses[0]).not.toBe(losses[1]);
  });

  it("gives predictions and loss from before the update", async () => {
    const session = startSession(backend, adam, modelWithoutDropout);
    const { images, labels } = stepOf(0);
    const before = await session.evaluate(images, labels);
    const step = await session.train(stepOf(0));
    expect(firstDifference(step.predictions, before.predictions, splitTolerance(backend))).toBeUndefined();
    expect(step.loss).toBeCloseTo(before.loss, 6);
    const { loss } = await session.evaluate(images, labels);
    expect(loss).not.toBe(before.loss);
  });

  it("predicts and evaluates without dropout and without learning", async () => {
    const session = startSession(backend, adam);
    const { images, labels } = stepOf(0);
    const { predictions, loss } = await session.evaluate(images, labels);
    expect(await session.predict(images)).toEqual(predictions);
    expect(valuesOf(session)).toEqual(initialWeights(model, 5));
    expect(session.iterations).toBe(0);
    // the loss by its definition, from the probabilities
    const logs = [...labels].map((label, i) => (label === 1 ? -Math.log(predictions[i]!) : 0));
    expect(loss).toBeCloseTo(logs.reduce((sum, log) => sum + log, 0) / 4, 5);
  });

  it("predicts the same however the images are split into batches", async () => {
    const session = startSession(backend, adam);
    const { images } = stepOf(0, 7);
    const whole = await session.predict(images);
    for (const sizes of [
      [4, 3],
      [1, 5, 1],
      [1, 1, 1, 1, 1, 1, 1],
    ]) {
      const parts: number[] = [];
      let from = 0;
      for (const size of sizes) {
        const part = images.subarray(from * imageLength, (from + size) * imageLength);
        parts.push(...(await session.predict(part)));
        from += size;
      }
      expect(firstDifference(parts, whole, splitTolerance(backend)), sizes.join("+")).toBeUndefined();
    }
  });

  it("keeps its weights and moments when a larger batch needs more memory", async () => {
    const [small, large] = [startSession(backend, adam), startSession(backend, adam)];
    await large.predict(stepOf(0, 20).images);
    await small.train(stepOf(0));
    await large.train(stepOf(0));
    await small.predict(stepOf(0, 20).images);
    await small.train(stepOf(1));
    await large.train(stepOf(1));
    expect(valuesOf(small)).toEqual(valuesOf(large));
    expect(small.optimizer).toEqual(large.optimizer);
  });

  it("works in memory of its own after it was refused more", async () => {
    let refuses = false;
    const watched: Backend = {
      ...backend,
      allocate: (byteLength) => {
        if (refuses) throw new Error("no memory");
        return backend.allocate(byteLength);
      },
    };
    const session = startSession(watched, adam);
    const expected = await session.predict(stepOf(0).images);
    refuses = true;
    await expect(session.predict(stepOf(0, 40).images)).rejects.toThrow("no memory");
    await expect(session.predict(stepOf(0).images)).rejects.toThrow("no memory"); // and not in what it gave back
    refuses = false;
    expect(await session.predict(stepOf(0).images)).toEqual(expected);
  });

  it("leaves its inputs as they were", async () => {
    const step = stepOf(0);
    await startSession(backend, adam).train(step);
    expect(step).toEqual(stepOf(0));
  });

  it("refuses a call while another is under way, and goes on after", async () => {
    const session = startSession(backend, adam);
    const { images } = stepOf(0);
    const first = session.predict(images);
    await expect(session.predict(images)).rejects.toThrow("This session is at work");
    expect(await session.predict((await first) && images)).toEqual(await first);
  });
});

describe("what a session tells and takes", () => {
  const session = () => startSession(referenceBackend, adam);

  it("names weights and moments as the model does, and hands out copies", async () => {
    const trained = session();
    await trained.train(stepOf(0));
    const { className, config, iterations, slots } = trained.optimizer;
    expect({ className, iterations }).toEqual({ className: "Adam", iterations: 1 });
    expect(config).toMatchObject({ learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 });
    expect(slots.map(({ slot, weight }) => `${slot} ${weight.layer}/${weight.name}`)).toEqual([
      "momentum conv2d_0/kernel",
      "momentum conv2d_0/bias",
      "momentum dense_4/kernel",
      "momentum dense_4/bias",
      "velocity conv2d_0/kernel",
      "velocity conv2d_0/bias",
      "velocity dense_4/kernel",
      "velocity dense_4/bias",
    ]);
    expect(slots[0]!.weight.shape).toEqual([3, 3, 2, 5]);
    const before = valuesOf(trained);
    for (const { values } of trained.weights) values.fill(7);
    for (const { weight } of trained.optimizer.slots) weight.values.fill(7);
    expect(valuesOf(trained)).toEqual(before);
    expect(trained.optimizer.slots[0]!.weight.values).toEqual(slots[0]!.weight.values);
  });

  it("refuses weights of another length, too few of them, and another optimizer's memory", () => {
    const weights = initialWeights(model, 5);
    const set = (values: Float32Array[]) => () => {
      session().weights = values;
    };
    expect(set([new Float32Array(3), ...weights.slice(1)])).toThrow(
      "Expected 90 numbers for conv2d_0/kernel, found 3",
    );
    expect(set(weights.slice(0, 3))).toThrow("Expected 3 numbers for dense_4/bias, found none");
    const other = startSession(referenceBackend, momentum);
    expect(() => {
      other.optimizer = session().optimizer;
    }).toThrow(InputError);
    expect(other.iterations).toBe(0);
  });

  it("refuses images and labels of another length", async () => {
    const { images, labels } = stepOf(0);
    await expect(session().predict(images.subarray(1))).rejects.toThrow(
      "Expected images of 8x7x2, found 447 numbers",
    );
    await expect(session().predict(new Float32Array(0))).rejects.toThrow("found 0 numbers");
    await expect(session().evaluate(images, labels.subarray(1))).rejects.toThrow(
      "Expected 12 numbers in labels, found 11",
    );
    await expect(session().train({ ...stepOf(0), random: new Uint32Array(3) })).rejects.toThrow(
      "Expected 4 numbers in random, found 3",
    );
  });

  it("without a loss and an optimizer it only predicts", async () => {
    const untrained = new Session(referenceBackend, model);
    const { images, labels } = stepOf(0);
    expect(await untrained.predict(images)).toHaveLength(4 * classes);
    await expect(untrained.evaluate(images, labels)).rejects.toThrow("without a loss and an optimizer");
    await expect(untrained.train(stepOf(0))).rejects.toThrow("without a loss and an optimizer");
  });

  it("counts its steps for the optimizer, from 1 and on after a resume", async () => {
    const seen: number[] = [];
    const listening: Backend = {
      ...referenceBackend,
      compile: (program) => {
        const { run, timings } = referenceBackend.compile(program);
        return {
          timings,
          run: (memory, inputs) => {
            seen.push(inputs.settings![0]!);
            return run(memory, inputs);
          },
        };
      },
    };
    const first = startSession(listening, adam);
    await trainSteps(first, 0, 2);
    const second = startSession(listening, adam);
    second.optimizer = first.optimizer;
    await trainSteps(second, 2, 3);
    const { definition, config } = adam.optimizer;
    expect(seen).toEqual([1, 2, 3].map((step) => definition.settings(config, 0.05, step)[0]));
    expect(new Set(seen).size).toBe(3);
  });

  it("takes the learning rate of each step", async () => {
    const still = startSession(referenceBackend, plain);
    await still.train({ ...stepOf(0), learningRate: 0 });
    expect(valuesOf(still)).toEqual(initialWeights(model, 5));
    const [one, two] = await Promise.all(
      [0.25, 0.5].map(async (learningRate) => {
        const moved = startSession(referenceBackend, plain);
        await moved.train({ ...stepOf(0), learningRate });
        return moved.weights.at(-1)!.values;
      }),
    );
    // the last bias begins at 0, and halves and doubles are exact
    expect(two).toEqual(one!.map((value) => 2 * value));
  });
});

describe("losses", () => {
  const head = (activation: string, units: number) =>
    buildModel(sequence([1, 1, 1], ["Flatten"], ["Dense", { units, activation }]));
  const lossOf = async (units: number, activation: string, weight: number[], labels: number[]) => {
    const loss = units === 1 ? binaryCrossentropy : categoricalCrossentropy;
    const session = new Session(referenceBackend, head(activation, units), { ...plain, loss });
    session.weights = [Float32Array.from(weight), new Float32Array(units)];
    return (await session.evaluate(Float32Array.of(1), Float32Array.from(labels))).loss;
  };

  it("are exact behind a sigmoid and a softmax, where probabilities round to 0", async () => {
    expect(await lossOf(1, "sigmoid", [200], [0])).toBe(200);
    expect(await lossOf(1, "sigmoid", [-200], [1])).toBe(200);
    expect(await lossOf(3, "softmax", [300, 0, 100], [0, 1, 0])).toBe(300);
  });

  it("are clipped behind any other activation, as in Keras", async () => {
    expect(await lossOf(1, "hard_sigmoid", [-200], [1])).toBeCloseTo(-Math.log(1e-7), 4);
    expect(await lossOf(2, "relu", [1, -1], [0, 1])).toBeCloseTo(-Math.log(1e-7), 4);
  });
});
