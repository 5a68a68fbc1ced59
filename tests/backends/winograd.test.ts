import { expect, it } from "vitest";
import { conv2d, conv2dInputGradient, conv2dKernelGradient } from "../../src/core/operations/convolution.ts";
import { convPool } from "../../src/core/operations/fused.ts";
import { planMemory } from "../../src/core/plan.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { prepareRun } from "../support/run-program.ts";

/**
 * Winograd's tiles add and subtract neighbours before they are multiplied. So beside a neighbour of 2^30, whose weight is zero, a
 * 1 is lost; sums over windows keep it. That tells which way a convolution was computed.
 */
const large = 2 ** 30;
const size = 8;
const window = { strideHeight: 1, strideWidth: 1, padTop: 0, padLeft: 0 };

/** One image, zero but for a 1 and, two pixels to the right of it, the large value. */
function image(side: number, channels: number): Float32Array {
  const values = new Float32Array(side * side * channels);
  values[0] = 1;
  values[2 * channels] = large;
  return values;
}

/** A kernel, zero but for a 1 in one corner. */
function corner(inputs: number, outputs: number, place: number): Float32Array {
  const values = new Float32Array(9 * inputs * outputs);
  values[place * inputs * outputs] = 1;
  return values;
}

/** [input channels, output channels, whether that suits Winograd] */
const channels = [
  [16, 16, true],
  [16, 32, true],
  [32, 16, true],
  [17, 33, true],
  [64, 20, true],
  [15, 16, false],
  [16, 15, false],
] as const;

/** The same for kernel gradients, which one vector by one of channels does not suit. */
const gradientChannels = [
  [16, 32, true],
  [17, 33, true],
  [70, 140, true],
  [15, 64, false],
  [64, 15, false],
] as const;

describeEachBackend("Winograd's way", (backend) => {
  const kept = (suits: boolean) => (suits && backend.name !== "reference" ? 0 : 1);

  it.each(channels)("forward, %i to %i channels: %s", async (inputs, outputs, suits) => {
    const recorder = new Recorder(0);
    const x = recorder.input("x", [1, size, size, inputs]);
    const kernel = recorder.input("kernel", [3, 3, inputs, outputs]);
    const sizes = { outputHeight: size - 2, outputWidth: size - 2 };
    recorder.output("y", recorder.apply(conv2d, { x, kernel }, { ...window, ...sizes }).y);
    const { run } = prepareRun(backend, planMemory(recorder.finish()));
    const { y } = await run({ x: image(size, inputs), kernel: corner(inputs, outputs, 0) });
    expect(y[0]).toBe(kept(suits));
  });

  it("not of few pixels where weights are many: those are taken as they lie", async () => {
    const recorder = new Recorder(0);
    const x = recorder.input("x", [1, size, size, 96]);
    const kernel = recorder.input("kernel", [3, 3, 96, 96]);
    const sizes = { outputHeight: size - 2, outputWidth: size - 2 };
    recorder.output("y", recorder.apply(conv2d, { x, kernel }, { ...window, ...sizes }).y);
    const { run } = prepareRun(backend, planMemory(recorder.finish()));
    const { y } = await run({ x: image(size, 96), kernel: corner(96, 96, 0) });
    expect(y[0]).toBe(1);
  });

  it.each(channels)("before a pool, %i to %i channels: %s", async (inputs, outputs, suits) => {
    const recorder = new Recorder(0);
    const x = recorder.input("x", [1, size, size, inputs]);
    const kernel = recorder.input("kernel", [3, 3, inputs, outputs]);
    const bias = recorder.input("bias", [outputs]);
    const sizes = { convHeight: size - 2, convWidth: size - 2, poolHeight: 2, poolWidth: 2, activation: 1 };
    recorder.output("y", recorder.apply(convPool, { x, kernel, bias }, { ...window, ...sizes }).y);
    const { run } = prepareRun(backend, planMemory(recorder.finish()));
    const zero = new Float32Array(outputs);
    const { y } = await run({ x: image(size, inputs), kernel: corner(inputs, outputs, 0), bias: zero });
    expect(y[0]).toBe(kept(suits));
  });

  it.each(channels)("input gradient, %i to %i channels: %s", async (outputs, inputs, suits) => {
    const recorder = new Recorder(0);
    const dy = recorder.input("dy", [1, size - 2, size - 2, outputs]);
    const kernel = recorder.input("kernel", [3, 3, inputs, outputs]);
    const sizes = { inputHeight: size, inputWidth: size };
    recorder.output("dx", recorder.apply(conv2dInputGradient, { dy, kernel }, { ...window, ...sizes }).dx);
    const { run } = prepareRun(backend, planMemory(recorder.finish()));
    const { dx } = await run({ dy: image(size - 2, outputs), kernel: corner(inputs, outputs, 8) });
    expect(dx[(2 * size + 2) * inputs]).toBe(kept(suits));
  });

  it.each(gradientChannels)("kernel gradient, %i to %i channels: %s", async (inputs, outputs, suits) => {
    const recorder = new Recorder(0);
    const x = recorder.input("x", [1, size, size, inputs]);
    const dy = recorder.input("dy", [1, size - 2, size - 2, outputs]);
    const sizes = { kernelHeight: 3, kernelWidth: 3 };
    recorder.output("dk", recorder.apply(conv2dKernelGradient, { x, dy }, { ...window, ...sizes }).dkernel);
    const { run } = prepareRun(backend, planMemory(recorder.finish()));
    const first = new Float32Array((size - 2) ** 2 * outputs);
    first[0] = 1;
    const { dk } = await run({ x: image(size, inputs), dy: first });
    expect(dk[0]).toBe(kept(suits));
  });
});
