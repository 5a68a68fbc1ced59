import { expect, it } from "vitest";
import { createLoss } from "../../src/core/losses.ts";
import { sigmoid, softmax } from "../../src/core/operations/activations.ts";
import { planMemory } from "../../src/core/plan.ts";
import type { Program } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { type FixtureArray, firstDifference, float32Of, readKerasFixture } from "../support/keras-fixture.ts";
import { prepareRun } from "../support/run-program.ts";

interface LossCase {
  readonly loss: "binary_crossentropy" | "categorical_crossentropy";
  readonly fromLogits: boolean;
  readonly labelSmoothing: number;
  readonly note: string;
  readonly yTrue: FixtureArray;
  readonly yPred: FixtureArray;
  readonly value: number;
  /** With respect to yPred, be it probabilities or logits. */
  readonly gradient: FixtureArray;
}

/** Logarithms and exponentials of two libraries, each good to about a float32 rounding. */
const functionTolerance = { relative: 3e-6, absolute: 1e-7 };

const cases = readKerasFixture<{ cases: LossCase[] }>("losses.json").cases;

describeEachBackend("losses as Keras computes them", (backend) => {
  it.each(cases.map((lossCase) => [titleOf(lossCase), lossCase] as const))("%s", async (_, lossCase) => {
    const run = prepareRun(backend, recordCase(lossCase));
    const inputs = { x: float32Of(lossCase.yPred), labels: float32Of(lossCase.yTrue) };
    const { loss, dx } = await run.run(inputs);
    expect(firstDifference(loss!, [lossCase.value], functionTolerance), "loss").toBeUndefined();
    const gradient = float32Of(lossCase.gradient);
    expect(firstDifference(dx!, gradient, functionTolerance), "gradient").toBeUndefined();
  });
});

function titleOf({ loss, fromLogits, yPred, note }: LossCase): string {
  return `${loss} of ${fromLogits ? "logits" : "probabilities"} ${yPred.shape.join("x")}, ${note}`;
}

/** From logits the loss is recorded over its activation, which is how a model gets there. */
function recordCase({ loss: name, fromLogits, labelSmoothing, yPred }: LossCase): Program {
  const recorder = new Recorder(0);
  const x = recorder.input("x", yPred.shape);
  const activation = name === "binary_crossentropy" ? sigmoid : softmax;
  const predictions = fromLogits ? recorder.apply<"x", "y", never>(activation, { x }, {}).y : x;
  const definition = createLoss(name, { labelSmoothing });
  const loss = definition.record(recorder, predictions, recorder.input("labels", yPred.shape));
  const [dx] = recorder.differentiate(loss, [x]);
  recorder.output("loss", loss);
  recorder.output("dx", dx!);
  return planMemory(recorder.finish());
}

it("a loss of another kind, or with settings that Fovea lacks, is refused by name", () => {
  expect(() => createLoss("binary_crossentrpy")).toThrowError(
    /binary_crossentrpy.*Did you mean "binary_crossentropy"/,
  );
  expect(() => createLoss("constructor")).toThrowError(/found "constructor"/);
  expect(() => createLoss("categorical_crossentropy", { axis: 1 })).toThrowError(
    /categorical_crossentropy.*axis/,
  );
});
