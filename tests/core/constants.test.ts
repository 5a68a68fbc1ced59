import { expect, it } from "vitest";
import { isConstantNode, settleConstants } from "../../src/core/constants.ts";
import { addBias } from "../../src/core/operations/dense.ts";
import { add, rescale } from "../../src/core/operations/elementwise.ts";
import { planMemory } from "../../src/core/plan.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { prepareRun } from "../support/run-program.ts";

/** y = x + (weights * 2 + (weights * 3 + 1)), where only the last sum needs x. */
function recordSum(recorder: Recorder) {
  const weights = recorder.state([3], 0);
  const twice = recorder.apply(rescale, { x: weights }, { scale: 2, offset: 0 }).y;
  const thrice = recorder.apply(rescale, { x: weights }, { scale: 3, offset: 1 }).y;
  const bias = recorder.apply(add, { a: twice, b: thrice }, {}).y;
  return recorder.apply(addBias, { x: recorder.input("x", [2, 3]), bias }, {}).y;
}

function sumProgram() {
  const recorder = new Recorder(64);
  recorder.output("y", recordSum(recorder));
  return planMemory(settleConstants(recorder.finish()));
}

it("moves what depends on the state alone to memory of its own, side by side", () => {
  const program = sumProgram();
  expect(program.nodes.map(isConstantNode)).toEqual([true, true, true, false]);
  expect(program.nodes.slice(0, 3).map(({ outputs }) => outputs[0]!.buffer.byteOffset)).toEqual([0, 64, 128]);
  expect(program.constantBytes).toBe(192);
  expect(program.workBytes).toBe(64);
});

it("moves nothing where the program writes the state", () => {
  const recorder = new Recorder(64);
  recorder.output("y", recordSum(recorder));
  const weights = recorder.state([3], 0);
  recorder.apply(rescale, { x: weights }, { scale: 0.5, offset: 0 }, { y: weights });
  const recording = recorder.finish();
  expect(settleConstants(recording)).toBe(recording);
});

it("leaves what the caller reads where the caller can read it", () => {
  const recorder = new Recorder(64);
  recorder.output("y", recorder.apply(rescale, { x: recorder.state([3], 0) }, { scale: 2, offset: 0 }).y);
  expect(planMemory(settleConstants(recorder.finish())).constantBytes).toBe(0);
});

describeEachBackend("constants", (backend) => {
  const x = Float32Array.of(0, 0, 0, 1, 1, 1);

  it("are made in the first run whatever it says, then again only when the state has changed", async () => {
    const program = sumProgram();
    const { executable, memory, state, run } = prepareRun(backend, program);
    const readFirst = async (stateChanged: boolean) => {
      await executable.run(memory, { x }, stateChanged);
      return (await readY())[0];
    };
    const readY = async () => new Float32Array(memory.work.buffer, memory.work.byteOffset, 6).slice();
    state.set([1, 2, 3]);
    expect(await readFirst(false)).toBe(6);
    state.set([2, 2, 3]);
    expect(await readFirst(false)).toBe(6);
    expect(await readFirst(true)).toBe(11);
    state.set([3, 2, 3]);
    expect((await run({ x })).y).toEqual(Float32Array.of(16, 11, 16, 17, 12, 17));
  });

  it("belong to one executable each", async () => {
    const [one, other] = [sumProgram(), sumProgram()].map((program) => prepareRun(backend, program));
    one!.state.set([1, 1, 1]);
    other!.state.set([2, 2, 2]);
    await one!.run({ x });
    await other!.run({ x });
    await one!.executable.run(one!.memory, { x }, false);
    expect((await one!.run({ x })).y![0]).toBe(6);
  });
});
