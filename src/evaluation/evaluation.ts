import { predictedClass } from "../core/metrics.ts";
import { type Rate, rate } from "./wilson.ts";

export interface ClassEvaluation {
  readonly name: string;
  /** Images of this class. */
  readonly images: number;
  /** Of the images that the model gives this class, the share that belongs to it. */
  readonly precision: Rate;
  /** Of the images that belong to this class, the share that the model finds. */
  readonly recall: Rate;
}

/** How well a classifier does on labelled images. */
export interface Evaluation {
  readonly images: number;
  /** Mean over the images. */
  readonly loss: number;
  readonly accuracy: Rate;
  readonly classes: readonly ClassEvaluation[];
  /**
   * Of two classes the second is the positive one, as in Keras's `Precision` and `Recall`; with more these are means over
   * the classes (macro averages), which have no Wilson interval.
   */
  readonly precision: Rate | { readonly value: number };
  readonly recall: Rate | { readonly value: number };
  /** The class that `precision` and `recall` speak of, when there are two. */
  readonly positiveClass?: string;
  /** Rows are true classes, columns predicted ones. */
  readonly confusionMatrix: readonly (readonly number[])[];
}

export interface JudgedPredictions {
  /** [images, outputs] */
  readonly predictions: Float32Array;
  readonly outputs: number;
  /** True class of each image. */
  readonly classes: readonly number[];
  readonly loss: number;
}

/** Works out all rates from the predictions for labelled images. */
export function evaluatePredictions(
  { predictions, outputs, classes, loss }: JudgedPredictions,
  classNames: readonly string[],
): Evaluation {
  const matrix = classNames.map(() => classNames.map(() => 0));
  classes.forEach((truth, row) => {
    matrix[truth][predictedClass(predictions, row, outputs)]++;
  });
  const perClass = classNames.map((name, index) => evaluateClass(name, index, matrix));
  const correct = matrix.reduce((sum, row, index) => sum + row[index], 0);
  const shared = { images: classes.length, loss, accuracy: rate(correct, classes.length), classes: perClass };
  if (classNames.length === 2) {
    const [, { precision, recall, name }] = perClass;
    return { ...shared, precision, recall, positiveClass: name, confusionMatrix: matrix };
  }
  const precision = { value: mean(perClass.map((each) => each.precision.value)) };
  const recall = { value: mean(perClass.map((each) => each.recall.value)) };
  return { ...shared, precision, recall, confusionMatrix: matrix };
}

function evaluateClass(name: string, index: number, matrix: readonly (readonly number[])[]): ClassEvaluation {
  const hits = matrix[index][index];
  const images = sum(matrix[index]);
  return {
    name,
    images,
    precision: rate(hits, sum(matrix.map((row) => row[index]))),
    recall: rate(hits, images),
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
