import { describe, expect, it } from "vitest";
import { binaryCrossentropy } from "../../src/core/losses.ts";
import type { Model } from "../../src/core/model.ts";
import { createOptimizer, type Optimizer } from "../../src/core/optimizers/table.ts";
import { Session } from "../../src/core/session.ts";
import type { Callback, TrainingPosition } from "../../src/training/callback.ts";
import { fit } from "../../src/training/fit.ts";
import {
  backend,
  small,
  smallFit,
  smallWithDropout,
  startSmall,
  stateOf,
  withoutTimes,
} from "./small-fit.ts";

interface Kept {
  position: TrainingPosition;
  state: ReturnType<typeof stateOf>;
}

/** Trains until so many batches are done, and keeps what a checkpoint would. */
async function trainUntil(session: Session, batches: number, from?: TrainingPosition): Promise<Kept> {
  const controller = new AbortController();
  let kept: Kept | undefined;
  let done = 0;
  const keep = (position: TrainingPosition) => {
    kept = { position: JSON.parse(JSON.stringify(position)) as TrainingPosition, state: stateOf(session) };
  };
  const callback: Callback = {
    onBatchEnd: () => {
      if (++done === batches) controller.abort();
    },
    onEpochEnd: async (_report, position) => {
      keep(position);
      return undefined;
    },
    onInterrupt: async (position) => keep(position),
  };
  const { signal } = controller;
  const result = await fit(session, { ...smallFit, callbacks: [callback], signal, ...(from && { from }) });
  expect(result.ended).toBe("interrupted");
  return kept!;
}

/** A new session where the other stopped. */
function revive(model: Model, optimizer: Optimizer, { state }: Kept): Session {
  const session = new Session(backend, model, { loss: binaryCrossentropy, optimizer });
  session.weights = state.weights;
  session.optimizer = state.optimizer;
  return session;
}

describe.each([
  ["Adam", small, createOptimizer("Adam")],
  ["Adam and dropout", smallWithDropout, createOptimizer("Adam")],
  ["SGD with momentum and dropout", smallWithDropout, createOptimizer("SGD", { momentum: 0.9 })],
] as const)("a fit with %s that is interrupted", (_, model, optimizer) => {
  it.each([
    [1, "0.1"],
    [2, "0.2"],
    [3, "1.0"], // with the epoch's last batch, so that the epoch is finished and validated
    [5, "1.2"],
    [6, "2.0"],
    [8, "2.2"],
  ])("after batch %i goes on to the same bits", async (batches, expectedPosition) => {
    const whole = startSmall(model, optimizer);
    const { history } = await fit(whole, smallFit);
    const kept = await trainUntil(startSmall(model, optimizer), batches);
    expect(`${kept.position.epoch}.${kept.position.batch}`).toBe(expectedPosition);
    const revived = revive(model, optimizer, kept);
    const result = await fit(revived, { ...smallFit, from: kept.position });
    expect(result.ended).toBe("finished");
    expect(withoutTimes(result.history)).toEqual(withoutTimes(history));
    expect(stateOf(revived)).toEqual(stateOf(whole));
    expect(revived.iterations).toBe(9);
  });

  it("again and again goes on to the same bits", async () => {
    const whole = startSmall(model, optimizer);
    const { history } = await fit(whole, smallFit);
    let session = startSmall(model, optimizer);
    let kept = await trainUntil(session, 1);
    for (let batch = 2; batch < 9; batch++) {
      session = revive(model, optimizer, kept);
      kept = await trainUntil(session, 1, kept.position);
    }
    session = revive(model, optimizer, kept);
    const result = await fit(session, { ...smallFit, from: kept.position });
    expect(withoutTimes(result.history)).toEqual(withoutTimes(history));
    expect(stateOf(session)).toEqual(stateOf(whole));
  });
});

it("a fit that goes on counts time and images from there, and means from the epoch's start", async () => {
  const kept = await trainUntil(startSmall(), 2);
  const session = revive(small, createOptimizer("Adam"), kept);
  let now = 0;
  const train = session.train.bind(session);
  session.train = (step) => {
    now += 100;
    return train(step);
  };
  const reports: [number, number, number][] = [];
  const watch: Callback = {
    onBatchEnd: ({ batch, seconds, imagesPerSecond }) => {
      reports.push([batch, seconds, imagesPerSecond]);
    },
  };
  const { history } = await fit(session, {
    ...smallFit,
    epochs: 1,
    from: kept.position,
    callbacks: [watch],
    clock: () => now,
  });
  expect(reports).toEqual([[3, 0.1, 30]]);
  const whole = await fit(startSmall(), { ...smallFit, epochs: 1 });
  expect(withoutTimes(history)).toEqual(withoutTimes(whole.history));
});

it("a fit with more epochs goes on from the end of a shorter one", async () => {
  const session = startSmall();
  let last: TrainingPosition | undefined;
  const keep: Callback = {
    onEpochEnd: async (_report, position) => {
      last = position;
      return undefined;
    },
  };
  await fit(session, { ...smallFit, epochs: 1, callbacks: [keep] });
  const { history } = await fit(session, { ...smallFit, from: last! });
  const whole = startSmall();
  expect(withoutTimes(history)).toEqual(withoutTimes((await fit(whole, smallFit)).history));
  expect(stateOf(session)).toEqual(stateOf(whole));
});
