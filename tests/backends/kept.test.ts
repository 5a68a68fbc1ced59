import { expect, it } from "vitest";
import { conv2d } from "../../src/core/operations/convolution.ts";
import { rescale } from "../../src/core/operations/elementwise.ts";
import { planMemory } from "../../src/core/plan.ts";
import type { Tensor } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { prepareRun } from "../support/run-program.ts";

const sizes = [5, 40] as const;
const x = new Float32Array(sizes[0]).fill(1);
const window = { strideHeight: 1, strideWidth: 1, padTop: 0, padLeft: 0, outputHeight: 1, outputWidth: 1 };

/** y = conv2d of one pixel; `prepare` sees the kernel, which lies in the state, first. */
function convolution(prepare: (recorder: Recorder, kernel: Tensor) => void = () => {}) {
  const recorder = new Recorder(sizes[0] * sizes[1] * 4);
  const kernel = recorder.state([1, 1, ...sizes], 0);
  prepare(recorder, kernel);
  const pixel = recorder.input("x", [1, 1, 1, sizes[0]]);
  recorder.output("y", recorder.apply(conv2d, { x: pixel, kernel }, window).y);
  return planMemory(recorder.finish());
}

describeEachBackend("a packed kernel", (backend) => {
  it("is kept from the second run of a state on, until that changes", async () => {
    const { state, executable, memory, run } = prepareRun(backend, convolution());
    state.fill(1);
    const found = new Float32Array(memory.work.buffer, memory.work.byteOffset, sizes[1]);
    const keeps = backend.name !== "reference";
    for (const [value, kept] of [
      [1, 2],
      [3, 4],
    ] as const) {
      state.fill(value);
      expect((await run({ x })).y).toEqual(new Float32Array(sizes[1]).fill(5 * value));
      await executable.run(memory, { x }, false); // the first run of a state that stays: it is kept from here on
      state.fill(kept);
      await executable.run(memory, { x }, false);
      expect(found.slice()).toEqual(new Float32Array(sizes[1]).fill(5 * (keeps ? value : kept)));
    }
  });

  it("is packed in each run of a program that writes the state itself", async () => {
    const program = convolution((recorder, kernel) =>
      recorder.apply(rescale, { x: kernel }, { scale: 2, offset: 0 }, { y: kernel }),
    );
    const { state, executable, memory } = prepareRun(backend, program);
    state.fill(1);
    for (const expected of [10, 20, 40]) {
      await executable.run(memory, { x }, false);
      expect(new Float32Array(memory.work.buffer, memory.work.byteOffset, sizes[1])[7]).toBe(expected);
    }
  });
});
