import { describe, expect, it } from "vitest";
import { referenceBackend } from "../../src/backends/reference/reference.ts";
import { networkNames } from "../../src/core/networks/table.ts";
import { nodeMachine } from "../../src/platform/node/node-machine.ts";
import { type BenchRequest, bench } from "../../src/tasks/bench.ts";
import { measureLimits } from "../../src/tasks/machine-limits.ts";

/** The smallest images that the report's network takes are quick with TypeScript loops too. */
const quick: BenchRequest = { imageSize: 22, batch: 2, backend: "reference" };

describe("bench", () => {
  it("gives figures that fit together", async () => {
    const doing: string[] = [];
    const result = await bench(nodeMachine, { ...quick, onProgress: (text) => doing.push(text) });
    expect(doing).toHaveLength(4);
    expect(result).toMatchObject({ model: "report", inputShape: [22, 22, 3], batch: 2, threads: 1 });
    expect(result.limits.oneThread).toEqual(result.limits.allThreads);
    const { flops: peak } = result.limits.allThreads;
    for (const { seconds, imagesPerSecond, flops, ofPeak, runs, operations } of [
      result.inference,
      result.training,
    ]) {
      expect(runs).toBeGreaterThanOrEqual(3);
      expect(imagesPerSecond).toBeCloseTo(2 / seconds, 6);
      expect(ofPeak).toBeCloseTo(flops / seconds / peak, 9);
      expect(operations.reduce((sum, operation) => sum + operation.flops, 0)).toBe(flops);
      const inOperations = operations.reduce((sum, operation) => sum + operation.seconds, 0);
      expect(inOperations).toBeLessThan(1.5 * seconds);
    }
  });

  it("names the layer, the pass and what binds for every operation", async () => {
    const { inference, training } = await bench(nodeMachine, quick);
    expect(inference.operations.map(({ layer }) => layer)).toContain("conv2d_1");
    expect(new Set(inference.operations.map(({ pass }) => pass))).toEqual(new Set(["forward"]));
    const passes = training.operations.map(({ pass }) => pass);
    expect(passes).toEqual([...passes].sort((a, b) => order.indexOf(a) - order.indexOf(b)));
    expect(new Set(passes)).toEqual(new Set(order));
    const update = training.operations.find(({ operation }) => operation === "adamUpdate");
    expect(update).toMatchObject({ layer: "Adam", pass: "update" });
    for (const { binds, ofLimit } of training.operations) {
      expect(["compute", "memory"]).toContain(binds);
      expect(ofLimit).toBeGreaterThan(0);
    }
  });

  it("stops between two runs", async () => {
    const controller = new AbortController();
    const stop = (text: string) => {
      if (text.startsWith("Training")) controller.abort();
    };
    const stopped = bench(nodeMachine, { ...quick, onProgress: stop, signal: controller.signal });
    await expect(stopped).rejects.toThrow(/abort/i);
  });

  it.each([
    [
      { model: "nothing" },
      "model.not-found",
      `or a network (${networkNames.join(", ")}), found nothing at "nothing"`,
    ],
    [{ batch: 0 }, "option.bad-value", "Expected batch to be a whole number, at least 1, found 0"],
    [{ threads: 0.5 }, "option.bad-value", "Expected threads to be a whole number from 1 to 256, found 0.5"],
    [{ backend: "gpu" }, "backend.unknown", 'Unknown backend "gpu"'],
    [{ imageSize: 4 }, "model.bad-shape", "Expected an image size of at least 22"],
  ])("refuses %o", async (request, code, words) => {
    const refused = bench(nodeMachine, request);
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
  });
});

const order = ["forward", "backward", "update"];

describe("the machine's limits", () => {
  it("are rates of this machine: the measured loops cannot be faster than the fastest processor", async () => {
    const { flops, bandwidth } = await measureLimits(referenceBackend);
    expect(flops).toBeGreaterThan(1e6);
    expect(flops).toBeLessThan(1e14);
    expect(bandwidth).toBeGreaterThan(1e6);
    expect(bandwidth).toBeLessThan(1e14);
  });
});
