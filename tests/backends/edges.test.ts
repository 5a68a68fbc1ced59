import { expect, it } from "vitest";
import { conv2d } from "../../src/core/operations/convolution.ts";
import { planMemory } from "../../src/core/plan.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { prepareRun } from "../support/run-program.ts";

/**
 * A weight that is infinite makes a zero of the padding that it meets not a number. Windows that are cut where x ends never
 * meet one. That tells which way a convolution was computed.
 */
const [rows, inputs, outputs] = [3, 2, 33];

async function lastPixel(backend: Parameters<Parameters<typeof describeEachBackend>[1]>[0], columns: number) {
  const recorder = new Recorder(0);
  const x = recorder.input("x", [1, 2 * rows, 2 * columns, inputs]);
  const kernel = recorder.input("kernel", [3, 3, inputs, outputs]);
  const window = { strideHeight: 2, strideWidth: 2, padTop: 0, padLeft: 0 };
  recorder.output(
    "y",
    recorder.apply(conv2d, { x, kernel }, { ...window, outputHeight: rows, outputWidth: columns }).y,
  );
  const { run } = prepareRun(backend, planMemory(recorder.finish()));
  const weights = new Float32Array(9 * inputs * outputs).fill(1);
  weights.fill(Infinity, -inputs * outputs);
  const { y } = await run({ x: new Float32Array(4 * rows * columns * inputs).fill(1), kernel: weights });
  return y.at(-1);
}

describeEachBackend("windows at an edge", (backend) => {
  it("are cut where rows are long", async () => expect(await lastPixel(backend, 20)).toBe(4 * inputs));

  it("see a copy with zeros around it where they are short", async () => {
    expect(await lastPixel(backend, 19)).toBe(backend.name === "reference" ? 4 * inputs : NaN);
  });
});
