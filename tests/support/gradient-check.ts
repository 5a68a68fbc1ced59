import { expect } from "vitest";
import { matmul } from "../../src/core/operations/dense.ts";
import { rescale } from "../../src/core/operations/elementwise.ts";
import { sigmoidCrossEntropy } from "../../src/core/operations/losses.ts";
import type { Tensor } from "../../src/core/program.ts";
import { Recorder } from "../../src/core/recorder.ts";
import { RandomStream } from "../../src/util/random.ts";
import { elementCount, formatShape } from "../../src/util/shapes.ts";
import { runFloat64 } from "./float64.ts";

/** Where to differentiate: random numbers of a shape, within -2 to 2 unless it says otherwise, or given values. */
export interface Point {
  readonly shape: readonly number[];
  readonly range?: readonly [number, number];
  readonly values?: readonly number[];
}

export interface GradientCase {
  readonly points: Readonly<Record<string, Point>>;
  /** Names of the points to differentiate by. */
  readonly targets: readonly string[];
  /** Records a function of the points, or with `loss` a loss of shape [1]. */
  record(recorder: Recorder, inputs: Readonly<Record<string, Tensor>>): Tensor;
  readonly loss?: boolean;
  /** The gradient is zero on purpose; otherwise a check of nothing but zeros fails. */
  readonly flat?: boolean;
}

/** Half the width of a central difference: its error falls with the square, float64's rounding grows with the inverse. */
const halfWidth = 1e-5;
/** 1e-10 from the width, 1e-16 / 1e-5 from rounding, each times the sum's terms and third derivatives; a wrong rule is off by 1e-2. */
const gradientTolerance = 1e-7;

/** Holds what the gradient rules compute against central differences of a random projection of the function's output. */
export function checkGradients(gradientCase: GradientCase): void {
  const { recorder, tensors, value, gradients } = recordCase(gradientCase);
  const recording = recorder.finish();
  const given = Object.fromEntries(
    [...recording.inputs].map(([name, { shape }]) => [
      name,
      valuesAt(gradientCase.points[name], shape, name),
    ]),
  );
  const read = runFloat64(recording, given);
  const found = gradients.map((gradient) => read(gradient).slice());
  let largest = 0;
  gradientCase.targets.forEach((target, index) => {
    const where = `d${target} of ${formatShape(tensors[target]!.shape)}`;
    expect(gradients[index]!.shape, where).toEqual(tensors[target]!.shape);
    const expected = given[target]!.map((_, i) => {
      const moved = (by: number) => {
        const values = given[target]!.slice();
        values[i]! += by;
        return runFloat64(recording, { ...given, [target]: values })(value)[0]!;
      };
      return (moved(halfWidth) - moved(-halfWidth)) / (2 * halfWidth);
    });
    expectClose(found[index]!, expected, where);
    largest = expected.reduce((most, slope) => Math.max(most, Math.abs(slope)), largest);
  });
  if (gradientCase.flat) expect(largest).toBe(0);
  else expect(largest).toBeGreaterThan(1e-2);
}

function recordCase({ points, targets, record, loss }: GradientCase) {
  const recorder = new Recorder(0);
  const tensors = Object.fromEntries(
    Object.entries(points).map(([name, { shape }]) => [name, recorder.input(name, shape)]),
  );
  const y = record(recorder, tensors);
  const { value, root } = loss ? { value: y, root: y } : project(recorder, y);
  const gradients = recorder.differentiate(
    root,
    targets.map((name) => tensors[name]!),
  );
  return { recorder, tensors, value, gradients };
}

/**
 * The sum of y * random numbers, and a loss whose slope with respect to it is exactly 1: the logistic loss of label 0, far to
 * the right, where it is a straight line.
 */
function project(recorder: Recorder, y: Tensor): { value: Tensor; root: Tensor } {
  const count = elementCount(y.shape);
  const projection = recorder.input("projection", [count, 1]);
  const value = recorder.apply(matmul, { x: recorder.view(y, [1, count]), kernel: projection }, {}).y;
  const far = recorder.apply(rescale, { x: value }, { scale: 1, offset: 1e6 }).y;
  const label = recorder.input("label", [1, 1]);
  return { value, root: recorder.apply(sigmoidCrossEntropy, { x: far, labels: label }, {}).loss };
}

function valuesAt(point: Point | undefined, shape: readonly number[], name: string): Float64Array {
  if (name === "label") return new Float64Array(1);
  if (point?.values) return Float64Array.from(point.values);
  const random = new RandomStream(1, name);
  const [low, high] = point?.range ?? [-2, 2];
  return Float64Array.from({ length: elementCount(shape) }, () => low + (high - low) * random.next());
}

function expectClose(found: Float64Array, expected: Float64Array, where: string): void {
  for (let i = 0; i < expected.length; i++) {
    const allowed = gradientTolerance * Math.max(1, Math.abs(expected[i]!));
    // written so that a NaN fails
    const close = Math.abs(found[i]! - expected[i]!) <= allowed;
    if (!close)
      expect.fail(`${where}, element ${i}: the rule gives ${found[i]}, the difference ${expected[i]}`);
  }
}
