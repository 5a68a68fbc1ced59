import { describe, expect, it } from "vitest";
import { binaryCrossentropy } from "../../src/core/losses.ts";
import { buildModel, initialWeights } from "../../src/core/model.ts";
import { createOptimizer } from "../../src/core/optimizers/table.ts";
import { Session } from "../../src/core/session.ts";
import { batchesOf, epochOrder } from "../../src/data/batch.ts";
import { fetchFloats } from "../../src/data/prepare.ts";
import type { Callback } from "../../src/training/callback.ts";
import { evaluateImages, fit } from "../../src/training/fit.ts";
import { encodeLabels } from "../../src/training/labelled-images.ts";
import { sequence } from "../support/networks.ts";
import {
  backend,
  smallFit,
  smallWithDropout,
  startSmall,
  stateOf,
  watchSteps,
  withoutTimes,
} from "./small-fit.ts";

const { train, validation, epochs, batchSize, learningRate, seed } = smallFit;

/** What an epoch should feed, worked out from the order alone. */
async function expectedBatches(epoch: number) {
  const floats = await Promise.all(train.items.map(({ image }) => fetchFloats(image)));
  return [...batchesOf(epochOrder(train.items.length, seed, epoch), batchSize)].map((indices) => ({
    images: Float32Array.from(indices.flatMap((index) => [...floats[index]!])),
    labels: encodeLabels(
      indices.map((index) => train.items[index]!.classIndex),
      1,
    ),
  }));
}

describe("what fit feeds", () => {
  it("is every epoch's images in that epoch's order, which stay whole while a step is under way", async () => {
    const session = startSmall();
    const steps = watchSteps(session);
    await fit(session, smallFit);
    const expected = (await Promise.all([0, 1, 2].map(expectedBatches))).flat();
    expect(steps.map(({ given: { images, labels } }) => ({ images, labels }))).toEqual(expected);
    expect(steps.map(({ inputsKept }) => inputsKept)).toEqual(expected.map(() => true));
    expect(await expectedBatches(0)).not.toEqual(await expectedBatches(1));
  });

  it("is random numbers that no two steps share, the same in each run, others for another seed", async () => {
    const randomOf = async (runSeed: number) => {
      const session = startSmall();
      const steps = watchSteps(session);
      await fit(session, { ...smallFit, seed: runSeed });
      return steps.map(({ given }) => given.random.join());
    };
    const first = await randomOf(seed);
    expect(new Set(first).size).toBe(9);
    expect(await randomOf(seed)).toEqual(first);
    for (const other of [seed + 1, seed + 2 ** 32]) {
      expect((await randomOf(other)).filter((random) => first.includes(random))).toEqual([]);
    }
  });

  it("is the weights' only teacher: validation changes nothing", async () => {
    const session = startSmall(smallWithDropout);
    let afterBatch = stateOf(session);
    const differences: boolean[] = [];
    const watch: Callback = {
      onBatchEnd: () => {
        afterBatch = stateOf(session);
      },
      onEpochEnd: async () => {
        expect(stateOf(session)).toEqual(afterBatch);
        differences.push(true);
        return undefined;
      },
    };
    await fit(session, { ...smallFit, callbacks: [watch] });
    expect(differences).toHaveLength(epochs);
    expect(session.iterations).toBe(9);
  });

  it("learns the same as steps made by hand, without dropout and with", async () => {
    const session = startSmall(smallWithDropout);
    const steps = watchSteps(session);
    await fit(session, smallFit);
    const byHand = startSmall(smallWithDropout);
    for (const { given } of steps) await byHand.train(given);
    expect(stateOf(session)).toEqual(stateOf(byHand));
    expect(stateOf(session).weights).not.toEqual(initialWeights(smallWithDropout, 3));
  });
});

describe("what fit reports", () => {
  it("is the mean over images, in which the smaller last batch weighs less, as in Keras", async () => {
    const session = startSmall();
    const steps = watchSteps(session);
    const { history, ended } = await fit(session, smallFit);
    expect(ended).toBe("finished");
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    for (const [epoch, record] of history.entries()) {
      const own = steps.slice(epoch * 3, epoch * 3 + 3);
      const losses = own.map(({ result }) => result.loss);
      expect(record.train.loss).toBeCloseTo((4 * losses[0]! + 4 * losses[1]! + 3 * losses[2]!) / 11, 10);
      const right = own.flatMap(({ given, result }) =>
        [...result.predictions].map((p, i) => p > 0.5 === (given.labels[i] === 1)),
      );
      expect(right).toHaveLength(11);
      expect(record.train.accuracy).toBe(right.filter(Boolean).length / 11);
      expect(record.learningRate).toBe(learningRate);
    }
  });

  it("stops judging when told to", async () => {
    const signal = AbortSignal.abort();
    const judging = evaluateImages(startSmall(), validation, { batchSize: 2, signal });
    await expect(judging).rejects.toMatchObject({ name: "AbortError" });
  });

  it("validates after the epoch, with the weights of that moment", async () => {
    const session = startSmall();
    const { history } = await fit(session, { ...smallFit, epochs: 1 });
    const { loss, accuracy, predictions } = await evaluateImages(session, validation, { batchSize: 32 });
    expect(history[0]!.validation.loss).toBeCloseTo(loss, 5); // batches of 4 and 1 against one of 5
    expect(history[0]!.validation.accuracy).toBe(accuracy);
    const logs = validation.items.map(({ classIndex }, i) =>
      Math.log(classIndex === 1 ? predictions[i]! : 1 - predictions[i]!),
    );
    expect(loss).toBeCloseTo(-logs.reduce((sum, log) => sum + log, 0) / 5, 5);
    const right = validation.items.filter(
      ({ classIndex }, i) => predictions[i]! > 0.5 === (classIndex === 1),
    );
    expect(accuracy).toBe(right.length / 5);
  });

  it("comes to the callbacks in turn, each waited for, with means that grow over the epoch", async () => {
    const log: string[] = [];
    const losses: number[] = [];
    const logger = (name: string): Callback => ({
      onBatchEnd: ({ epoch, epochs: all, batch, batches, metrics }) => {
        log.push(`${name} ${epoch}/${all} ${batch}/${batches}`);
        if (name === "a") losses.push(metrics.loss);
      },
      onEpochEnd: async ({ record }, position) => {
        await new Promise(setImmediate);
        log.push(`${name} epoch ${record.epoch}, at ${position.epoch}.${position.batch}`);
        return undefined;
      },
    });
    const session = startSmall();
    const steps = watchSteps(session);
    const { history } = await fit(session, { ...smallFit, epochs: 2, callbacks: [logger("a"), logger("b")] });
    const both = (text: string) => [`a ${text}`, `b ${text}`];
    expect(log).toEqual(
      [
        "1/2 1/3",
        "1/2 2/3",
        "1/2 3/3",
        "epoch 1, at 1.0",
        "2/2 1/3",
        "2/2 2/3",
        "2/2 3/3",
        "epoch 2, at 2.0",
      ].flatMap(both),
    );
    expect(losses[0]).toBe(steps[0]!.result.loss);
    expect(losses[1]).toBeCloseTo((steps[0]!.result.loss + steps[1]!.result.loss) / 2, 10);
    expect([losses[2], losses[5]]).toEqual(history.map(({ train: { loss } }) => loss));
  });

  it("measures time by the clock it is given, images of training alone", async () => {
    let now = 500;
    const session = startSmall();
    const clockedTrain = session.train.bind(session);
    session.train = (step) => {
      now += 100;
      return clockedTrain(step);
    };
    const clockedEvaluate = session.evaluate.bind(session);
    session.evaluate = (...given) => {
      now += 1000;
      return clockedEvaluate(...given);
    };
    const { history } = await fit(session, { ...smallFit, epochs: 1, clock: () => now });
    expect(history[0]!.seconds).toBeCloseTo(0.3 + 2, 10); // 3 steps, 2 batches of validation
    expect(history[0]!.imagesPerSecond).toBeCloseTo(11 / 0.3, 8);
  });

  it("marks an epoch as the best when its validation loss is the lowest so far", async () => {
    const best: boolean[] = [];
    const watch: Callback = {
      onEpochEnd: async (report) => {
        best.push(report.best);
        return undefined;
      },
    };
    const session = startSmall();
    const losses = [0.5, 0.7, Number.NaN, 0.5, 0.4];
    let calls = 0;
    session.evaluate = async (_images, labels) => ({
      predictions: new Float32Array(labels.length),
      loss: losses[Math.floor(calls++ / 2)]!, // two batches of validation an epoch
    });
    await fit(session, { ...smallFit, epochs: 5, callbacks: [watch] });
    expect(best).toEqual([true, false, false, false, true]);
  });
});

describe("how fit ends", () => {
  it("stops after the epoch whose callback says so, the other callbacks served", async () => {
    const served: number[] = [];
    const stopAtTwo: Callback = {
      onEpochEnd: async ({ record }) => (record.epoch === 2 ? "stop" : undefined),
    };
    const after: Callback = {
      onEpochEnd: async ({ record }) => {
        served.push(record.epoch);
        return undefined;
      },
    };
    const session = startSmall();
    const { ended, history } = await fit(session, { ...smallFit, epochs: 5, callbacks: [stopAtTwo, after] });
    expect({ ended, epochs: history.length, served }).toEqual({
      ended: "stopped",
      epochs: 2,
      served: [1, 2],
    });
    const short = startSmall();
    const twoEpochs = await fit(short, { ...smallFit, epochs: 2 });
    expect(withoutTimes(history)).toEqual(withoutTimes(twoEpochs.history));
    expect(stateOf(session)).toEqual(stateOf(short));
  });

  it("is finished, not interrupted, when the signal aborts in the last batch of all", async () => {
    const controller = new AbortController();
    const abort: Callback = {
      onBatchEnd: ({ epoch, batch }) => {
        if (epoch === 3 && batch === 3) controller.abort();
      },
    };
    const { ended, history } = await fit(startSmall(), {
      ...smallFit,
      callbacks: [abort],
      signal: controller.signal,
    });
    expect({ ended, epochs: history.length }).toEqual({ ended: "finished", epochs: 3 });
  });

  it("trains nothing when the signal has aborted before", async () => {
    const session = startSmall();
    const before = stateOf(session);
    const positions: unknown[] = [];
    const keep: Callback = {
      onInterrupt: async (position) => {
        positions.push(position);
      },
    };
    const result = await fit(session, { ...smallFit, callbacks: [keep], signal: AbortSignal.abort() });
    expect(result).toEqual({ history: [], ended: "interrupted" });
    expect(stateOf(session)).toEqual(before);
    expect(positions).toEqual([
      { epoch: 0, batch: 0, sums: { images: 0, loss: 0, correct: 0 }, history: [] },
    ]);
  });

  it("waits for what callbacks have under way, however it ends", async () => {
    const ends = { finished: smallFit, interrupted: { ...smallFit, signal: AbortSignal.abort() } };
    let ended = 0;
    const onEnd = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      ended++;
    };
    for (const options of Object.values(ends))
      await fit(startSmall(), { ...options, callbacks: [{ onEnd }] });
    const fail: Callback = { onEpochEnd: () => Promise.reject(new Error("the disk is full")), onEnd };
    await expect(fit(startSmall(), { ...smallFit, callbacks: [fail] })).rejects.toThrow("the disk is full");
    expect(ended).toBe(3);
    const late: Callback = { onEnd: () => Promise.reject(new Error("it was full")) };
    await expect(fit(startSmall(), { ...smallFit, callbacks: [late] })).rejects.toThrow("it was full");
  });

  it("passes on what a callback throws, and trains no further", async () => {
    const session = startSmall();
    const fail: Callback = { onEpochEnd: () => Promise.reject(new Error("the disk is full")) };
    await expect(fit(session, { ...smallFit, callbacks: [fail] })).rejects.toThrow("the disk is full");
    expect(session.iterations).toBe(3);
  });
});

describe.skipIf(backend.name !== "native")("the event loop (only the native backend computes off it)", () => {
  it("goes round while a step computes", async () => {
    const model = buildModel(
      sequence(
        [96, 96, 3],
        ["Conv2D", { filters: 32, kernelSize: 3, activation: "relu" }],
        ["Conv2D", { filters: 32, kernelSize: 3, activation: "relu" }],
        ["GlobalAveragePooling2D"],
        ["Dense", { units: 1, activation: "sigmoid" }],
      ),
    );
    const session = new Session(backend, model, {
      loss: binaryCrossentropy,
      optimizer: createOptimizer("SGD"),
    });
    session.weights = initialWeights(model, 1);
    const step = { learningRate: 0.01, random: new Uint32Array(4) };
    let rounds = 0;
    let working = true;
    const count = () => {
      rounds++;
      if (working) setImmediate(count);
    };
    const done = session.train({
      ...step,
      images: new Float32Array(8 * 96 * 96 * 3),
      labels: new Float32Array(8),
    });
    setImmediate(count);
    await done;
    working = false;
    expect(rounds).toBeGreaterThan(20); // a step on the event loop would leave one or two
  });
});
