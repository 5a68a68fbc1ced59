import { expect, it } from "vitest";
import { createOptimizer, type Optimizer } from "../../src/core/optimizers/table.ts";
import { planMemory } from "../../src/core/plan.ts";
import type { Program } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { describeEachBackend } from "../support/each-backend.ts";
import { type FixtureArray, firstDifference, float32Of, readKerasFixture } from "../support/keras-fixture.ts";
import { prepareRun } from "../support/run-program.ts";

type ByWeight = Readonly<Record<string, FixtureArray>>;

interface OptimizerCase {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: ByWeight;
  readonly steps: readonly {
    readonly gradients: ByWeight;
    readonly weights: ByWeight;
    readonly slots: Readonly<Record<string, ByWeight>>;
  }[];
}

/** A few float32 roundings, five updates long. The promise is 1e-6. */
const weightTolerance = { absolute: 3e-7, relative: 3e-7 };
/** Slots span twelve decades, so only the relative error means anything; where steps cancel, digits go. */
const slotTolerance = { relative: 1e-4 };

const cases = readKerasFixture<{ cases: OptimizerCase[] }>("optimizers.json").cases;

describeEachBackend("optimizers as Keras updates", (backend) => {
  it.each(cases.map((optimizerCase) => [titleOf(optimizerCase), optimizerCase] as const))("%s", async (_, {
    className,
    config,
    weights,
    steps,
  }) => {
    const optimizer = createOptimizer(className, config);
    const initial = flatten(weights);
    const run = prepareRun(backend, recordUpdate(optimizer, initial.length));
    run.state.set(initial);
    for (const [index, step] of steps.entries()) {
      const { definition, config: full } = optimizer;
      const settings = Float32Array.from(definition.settings(full, full.learningRate, index + 1));
      await run.run({ gradients: flatten(step.gradients), settings });
      const [found, ...slots] = partsOf(run.state, initial.length);
      const weightDifference = firstDifference(found!, flatten(step.weights), weightTolerance);
      expect(weightDifference, `weights after step ${index + 1}`).toBeUndefined();
      for (const [i, name] of definition.slots(full).entries()) {
        const difference = firstDifference(slots[i]!, flatten(step.slots[name]!), slotTolerance);
        expect(difference, `${name} after step ${index + 1}`).toBeUndefined();
      }
    }
  });

  it.each(["Adam", "SGD"])("%s has Keras's defaults", (className) => {
    const keras = cases.find((optimizerCase) => optimizerCase.className === className)!;
    expect(createOptimizer(className).config).toEqual(keras.config);
  });
});

function titleOf({ className, config }: OptimizerCase): string {
  const settings = Object.entries(config).map(([name, value]) => `${name} ${value}`);
  return `${className}, ${settings.join(", ")}`;
}

/** The program of one update alone, gradients being an input. */
function recordUpdate({ definition, config }: Optimizer, length: number): Program {
  const slotNames = definition.slots(config);
  const recorder = new Recorder((1 + slotNames.length) * length * Float32Array.BYTES_PER_ELEMENT);
  definition.record(recorder, {
    config,
    weights: recorder.state([length], 0),
    gradients: recorder.input("gradients", [length]),
    slots: slotNames.map((_, index) => recorder.state([length], (1 + index) * length)),
    settings: recorder.input("settings", [definition.settings(config, config.learningRate, 1).length]),
  });
  return planMemory(recorder.finish());
}

/** All weights end to end, as updates see them. */
function flatten(arrays: ByWeight): Float32Array {
  return Float32Array.from(Object.values(arrays).flatMap((array) => [...float32Of(array)]));
}

function partsOf(state: Float32Array, length: number): Float32Array[] {
  return Array.from({ length: state.length / length }, (_, i) => state.slice(i * length, (i + 1) * length));
}
